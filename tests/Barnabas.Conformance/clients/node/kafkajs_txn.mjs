// Usage: kafkajs_txn.mjs BOOTSTRAP NAME-PREFIX
// Transactions through kafkajs: committed and aborted ones, with the offsets of a group in them; exits 1 with what went wrong.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { Kafka, logLevel } = require('kafkajs')

const [bootstrap, prefix] = process.argv.slice(2)
const [topic, group] = [`${prefix}-topic`, `${prefix}-group`]
const rounds = 12
const kafka = new Kafka({ brokers: [bootstrap], clientId: 'kafkajs-transactions', logLevel: logLevel.NOTHING })
const admin = kafka.admin()
const producer = kafka.producer({ transactionalId: `${prefix}-id`, maxInFlightRequests: 1, idempotent: true })
const consumer = kafka.consumer({ groupId: `${group}-reader`, sessionTimeout: 10000, maxWaitTimeInMs: 200 })

async function main () {
  await Promise.all([admin.connect(), producer.connect(), consumer.connect()])
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })
  const sent = new Set()
  let offset = -1
  for (let round = 0; round < rounds; round++) {
    const transaction = await producer.transaction()
    const values = Array.from({ length: 20 }, (_, i) => `${round}-${i}`)
    await transaction.send({ topic, messages: values.map((value, i) => ({ value, partition: i % 2 })) })
    await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions: [{ partition: 0, offset: `${round}` }] }] })
    if (round % 3 === 2) {
      await transaction.abort()
    } else {
      await transaction.commit()
      values.forEach(value => sent.add(value))
      offset = round
    }
  }

  for (const deadline = Date.now() + 30000; ;) {
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    if (committed.partitions.find(p => p.partition === 0).offset === `${offset}`) break
    assert.ok(Date.now() < deadline, JSON.stringify(committed))
  }

  await consumer.subscribe({ topic, fromBeginning: true })
  const got = new Set()
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, event => reject(event.payload.error))
    consumer.run({
      eachMessage: async ({ message }) => {
        const value = message.value.toString()
        assert.ok(sent.has(value) && !got.has(value), value)
        got.add(value)
        if (got.size === sent.size) resolve()
      }
    }).catch(reject)
  })
  await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()])
  console.log('ok transactions')
}

main().then(() => process.exit(0), error => {
  console.error(error)
  process.exit(1)
})
