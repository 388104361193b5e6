// peers.mjs ENGINE FILE FOLDER RUNS
//
// The cohort question put to a column store, on its own storage: loads FILE
// (customer, local time, amount, seconds since 1970; CSV without a header) into
// a table below FOLDER and prints, for each way of asking, one line
//
//	engine version <tab> way <tab> best seconds <tab> cells <tab> sum of active <tab> sum of age * active <tab> revenue
//
// and for the funnel and the pattern that ClickHouse has functions for
//
//	engine version <tab> windowFunnel <tab> best seconds <tab> customers at each step
//	engine version <tab> sequenceMatch <tab> best seconds <tab> customers
//
// of RUNS runs after one that warms the caches.  Two threads, as many as the
// machine of the bench is said to have.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';

const require = createRequire(process.env.PEERS_FROM + '/');
const [engine, file, folder, runs] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const engines = { duckdb, clickhouse };
const peer = await engines[engine]();
for (const [way, query] of Object.entries(peer.ways)) {
  const [best, cells] = await timed(query);
  let active = 0, weighted = 0, revenue = 0;
  for (const [, age, customers, money] of cells) {
    active += Number(customers);
    weighted += Number(age) * Number(customers);
    revenue += Number(money);
  }
  console.log([peer.name, way, best.toFixed(3), cells.length, active, weighted,
    revenue.toFixed(2)].join('\t'));
}
if (peer.funnel) {
  const [best, [reached]] = await timed(peer.funnel);
  console.log([peer.name, 'windowFunnel', best.toFixed(3), reached.join(' ')].join('\t'));
}
if (peer.sequence) {
  const [best, [[found]]] = await timed(peer.sequence);
  console.log([peer.name, 'sequenceMatch', best.toFixed(3), found].join('\t'));
}
process.exit(0);

// The best time of some runs, and the rows.
async function timed(query) {
  let best = Infinity;
  let rows = await peer.rows(query);
  for (let run = 0; run < Number(runs); run++) {
    const start = process.hrtime.bigint();
    rows = await peer.rows(query);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e9);
  }
  return [best, rows];
}

// The query of most tutorials, and the one that groups once before it looks
// for each customer's first month.
function ways(month, monthsBetween, distinct) {
  return {
    'usual query': `
      WITH firsts AS (
        SELECT customer_id, ${month('min(ordered_at)')} AS cohort
        FROM orders GROUP BY customer_id)
      SELECT cohort, ${monthsBetween('cohort', month('ordered_at'))} AS age,
        ${distinct('orders.customer_id')} AS active, sum(amount) AS revenue
      FROM orders JOIN firsts ON orders.customer_id = firsts.customer_id
      GROUP BY cohort, age ORDER BY cohort, age`,
    'grouped first': `
      WITH months AS (
        SELECT customer_id, ${month('ordered_at')} AS period, sum(amount) AS revenue
        FROM orders GROUP BY customer_id, period),
      aged AS (
        SELECT min(period) OVER (PARTITION BY customer_id) AS cohort, period, revenue
        FROM months)
      SELECT cohort, ${monthsBetween('cohort', 'period')} AS age,
        count(*) AS active, sum(revenue) AS revenue
      FROM aged GROUP BY cohort, age ORDER BY cohort, age`,
  };
}

async function duckdb() {
  const { DuckDBInstance } = require('@duckdb/node-api');
  const instance = await DuckDBInstance.create(`${folder}/orders.duckdb`, { threads: '2' });
  const connection = await instance.connect();
  const rows = async (query) => (await connection.runAndReadAll(query)).getRowsJson();
  await connection.run(`CREATE TABLE orders AS
    SELECT * FROM read_csv('${file}', header = false, columns = {
      'customer_id': 'BIGINT', 'ordered_at': 'TIMESTAMP', 'amount': 'DOUBLE', 'instant': 'BIGINT'})`);
  await connection.run('CHECKPOINT');
  return {
    name: `DuckDB ${(await rows('SELECT version()'))[0][0].replace('v', '')}`,
    rows,
    ways: ways((t) => `date_trunc('month', ${t})`,
      (a, b) => `date_diff('month', ${a}, ${b})`, (c) => `count(DISTINCT ${c})`),
  };
}

async function clickhouse() {
  const { Session } = require('chdb');
  const session = new Session(folder);
  const settings = 'SETTINGS max_threads = 2';
  const rows = async (query) => session.query(`${query} ${settings}`, 'TSV')
    .trim().split('\n').map((line) => line.split('\t'));
  session.query('CREATE DATABASE bench ENGINE = Atomic');
  session.query(`CREATE TABLE bench.orders (customer_id Int64,
    ordered_at DateTime('UTC'), amount Float64, instant UInt32) ENGINE = MergeTree ORDER BY ordered_at`);
  session.query(`INSERT INTO bench.orders SELECT * FROM file('${file}', 'CSV',
    'customer_id Int64, ordered_at DateTime(\\'UTC\\'), amount Float64, instant UInt32')`);
  session.query('OPTIMIZE TABLE bench.orders FINAL');
  session.query('USE bench');
  return {
    name: `ClickHouse ${(await rows('SELECT version()'))[0][0]}`,
    rows,
    ways: ways((t) => `toStartOfMonth(${t})`,
      (a, b) => `dateDiff('month', ${a}, ${b})`, (c) => `uniqExact(${c})`),
    funnel: `
      SELECT countIf(step >= 1), countIf(step >= 2), countIf(step >= 3)
      FROM (
        SELECT windowFunnel(2592000)(instant, amount < 50, amount >= 50 AND amount < 200, amount >= 200) AS step
        FROM orders GROUP BY customer_id)`,
    sequence: `
      SELECT countIf(found)
      FROM (
        SELECT sequenceMatch('(?1)(?t<=2592000)(?2).*(?3)')(instant, amount < 50, amount >= 50 AND amount < 200, amount >= 200) AS found
        FROM orders GROUP BY customer_id)`,
  };
}
