// Usage: kafkajs.mjs BOOTSTRAP NAME-PREFIX
// Admin work, a round trip per codec and a consumer group through kafkajs; exits 1 with what went wrong.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { Kafka, CompressionTypes, CompressionCodecs, ConfigResourceTypes, logLevel } = require('kafkajs')
const Lz4 = require('kafkajs-lz4')
CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
CompressionCodecs[CompressionTypes.LZ4] = new Lz4().codec

const [bootstrap, prefix] = process.argv.slice(2)
const topic = `${prefix}-topic`
const group = `${prefix}-group`
const codecs = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy, lz4: CompressionTypes.LZ4 }
const perCodec = 500
const kafka = new Kafka({ brokers: [bootstrap], clientId: 'kafkajs-conformance', logLevel: logLevel.NOTHING })
const admin = kafka.admin()
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
const consumer = kafka.consumer({ groupId: group, sessionTimeout: 10000, maxWaitTimeInMs: 200 })

// Brokers learn what the controller decided a little later: asks again until it is so.
async function until (seen, what) {
  for (const deadline = Date.now() + 60000; !(await seen());) {
    assert.ok(Date.now() < deadline, what)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function main () {
  await Promise.all([admin.connect(), producer.connect(), consumer.connect()])

  const configEntries = [{ name: 'retention.ms', value: '3600000' }]
  assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 3, configEntries }] }), true)
  assert.equal(await admin.createTopics({ topics: [{ topic }] }), false, 'a second creation says that it exists')
  await until(async () => (await admin.listTopics()).includes(topic), 'the topic is not listed')
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
  await until(async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length === 4, 'partitions')
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  const configs = await admin.describeConfigs({ resources: [{ ...resource, configNames: ['retention.ms'] }], includeSynonyms: false })
  assert.equal(configs.resources[0].configEntries.find(e => e.configName === 'retention.ms').configValue, '3600000')
  await admin.alterConfigs({ resources: [{ ...resource, configEntries: [{ name: 'max.message.bytes', value: '2000000' }] }] })
  assert.equal((await admin.describeCluster()).brokers.length, 1)

  const sent = new Map()
  for (const [name, compression] of Object.entries(codecs)) {
    const messages = Array.from({ length: perCodec }, (_, i) => ({
      key: `${name}-${i}`, value: `${name} value ${i} `.repeat(8), headers: { codec: name, empty: '' }
    }))
    for (const message of messages) sent.set(message.key, message.value)
    await producer.send({ topic, compression, acks: -1, messages })
  }

  await consumer.subscribe({ topic, fromBeginning: true })
  const got = new Map()
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, event => reject(event.payload.error))
    consumer.run({
      eachMessage: async ({ message }) => {
        const key = message.key.toString()
        assert.equal(got.has(key), false, `twice: ${key}`)
        assert.equal(message.headers.codec.toString(), key.split('-')[0])
        got.set(key, message.value.toString())
        if (got.size === sent.size) resolve()
      }
    }).catch(reject)
  })
  assert.deepEqual(new Map([...got].sort()), new Map([...sent].sort()))
  const described = (await admin.describeGroups([group])).groups[0]
  assert.equal(described.state, 'Stable')
  assert.equal(described.members.length, 1)
  await consumer.stop()
  await consumer.disconnect()

  const ends = await admin.fetchTopicOffsets(topic)
  assert.equal(ends.reduce((sum, p) => sum + Number(p.high), 0), sent.size)
  const committed = (await admin.fetchOffsets({ groupId: group, topics: [topic] }))[0].partitions
  assert.equal(committed.reduce((sum, p) => sum + Math.max(0, Number(p.offset)), 0), sent.size)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset: '-1' }] })
  const after = (await admin.fetchTopicOffsets(topic)).find(p => p.partition === 1)
  assert.equal(after.low, after.high)
  assert.ok((await admin.listGroups()).groups.some(g => g.groupId === group))
  await admin.deleteGroups([group])
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics()).includes(topic), 'the topic is still listed')
  await Promise.all([admin.disconnect(), producer.disconnect()])
}

main().then(() => { console.log(`ok ${Object.keys(codecs).join(' ')}`); process.exit(0) },
  error => { console.error(error); process.exit(1) })
