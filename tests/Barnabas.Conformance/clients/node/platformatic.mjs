// Usage: platformatic.mjs BOOTSTRAP NAME-PREFIX
// Admin work, a round trip per codec and a consumer group through @platformatic/kafka; exits 1 with what went wrong.
import assert from 'node:assert/strict'
import {
  Admin, Consumer, Producer, ConfigResourceTypes, IncrementalAlterConfigOperationTypes, ListOffsetTimestamps,
  MessagesStreamModes, compressionsAlgorithms, stringDeserializers, stringSerializers
} from '@platformatic/kafka'

const [bootstrap, prefix] = process.argv.slice(2)
const topic = `${prefix}-topic`
const group = `${prefix}-group`
const codecs = Object.keys(compressionsAlgorithms).filter(name => compressionsAlgorithms[name].available)
const perCodec = 500
const partitions = [0, 1, 2, 3]
const base = { clientId: 'platformatic-conformance', bootstrapBrokers: [bootstrap] }

// Brokers learn what the controller decided a little later: asks again until it is so.
async function until (seen, what) {
  for (const deadline = Date.now() + 60000; !(await seen());) {
    assert.ok(Date.now() < deadline, what)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function adminWork (admin) {
  const configs = [{ name: 'retention.ms', value: '3600000' }]
  const created = await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1, configs })
  assert.equal(created[0].partitions, 3)
  await assert.rejects(admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 }), 'a topic was created twice')
  await admin.createPartitions({ topics: [{ name: topic, count: 4, assignments: null }] })
  await admin.incrementalAlterConfigs({
    resources: [{
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: topic,
      configs: [{ name: 'retention.ms', configOperation: IncrementalAlterConfigOperationTypes.SET, value: '7200000' }]
    }]
  })
  const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: ['retention.ms'] }]
  await until(async () => (await admin.describeConfigs({ resources }))[0].configs[0].value === '7200000', 'retention.ms')
  await until(async () => (await admin.listTopics()).includes(topic), 'the topic is not listed')
}

async function produce () {
  const sent = new Map()
  const producer = new Producer({ ...base, idempotent: true, serializers: stringSerializers })
  for (const compression of codecs) {
    const messages = Array.from({ length: perCodec }, (_, i) => ({
      topic, key: `${compression}-${i}`, value: `${compression} value ${i} `.repeat(8), headers: { codec: compression }
    }))
    for (const message of messages) sent.set(message.key, message.value)
    await producer.send({ compression, messages })
  }
  await producer.close()
  return sent
}

async function consume (sent) {
  const consumer = new Consumer({
    ...base, groupId: group, deserializers: stringDeserializers, autocommit: false, sessionTimeout: 10000, maxWaitTime: 200
  })
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST })
  const got = new Map()
  const ends = new Map()
  for await (const message of stream) {
    assert.equal(got.has(message.key), false, `twice: ${message.key}`)
    assert.equal(message.headers.get('codec'), message.key.split('-')[0])
    got.set(message.key, message.value)
    ends.set(message.partition, message.offset + 1n)
    if (got.size === sent.size) break
  }
  assert.deepEqual(new Map([...got].sort()), new Map([...sent].sort()))
  await consumer.commit({ offsets: [...ends].map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: 0 })) })
  await stream.close()
  await consumer.close(true)
}

async function groupWork (admin, total) {
  const offsets = await admin.listOffsets({
    topics: [{ name: topic, partitions: partitions.map(partitionIndex => ({ partitionIndex, timestamp: ListOffsetTimestamps.LATEST })) }]
  })
  assert.equal(offsets[0].partitions.reduce((sum, p) => sum + Number(p.offset), 0), total)
  const committed = await admin.listConsumerGroupOffsets({ groups: [group] })
  assert.equal(committed[0].topics[0].partitions.reduce((sum, p) => sum + Number(p.committedOffset), 0), total)
  assert.ok((await admin.listGroups()).has(group))
  assert.equal((await admin.describeGroups({ groups: [group] })).get(group).state, 'EMPTY')
  const deleted = await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 1n }] }] })
  assert.equal(deleted[0].partitions[0].lowWatermark, 1n)
  await admin.deleteGroups({ groups: [group] })
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics()).includes(topic), 'the topic is still listed')
}

async function main () {
  const admin = new Admin(base)
  await adminWork(admin)
  const sent = await produce()
  await consume(sent)
  await groupWork(admin, sent.size)
  await admin.close()
}

main().then(() => { console.log(`ok ${codecs.join(' ')}`); process.exit(0) },
  error => { console.error(error); process.exit(1) })
