// peers.mjs ENGINE FILE FOLDER RUNS
//
// The cohort question put to a column store, on its own storage: loads FILE
// (customer, local time, amount, seconds since 1970; CSV without a header) into
// a table below FOLDER and prints, for each way of asking, one line
//
//	engine version <tab> way <tab> best seconds <tab> its processor time <tab> cells <tab> sum of active <tab> sum of age * active <tab> revenue
//
// and for the funnel and the pattern that ClickHouse has functions for
//
//	engine version <tab> windowFunnel... <tab> best seconds <tab> its processor time <tab> customers at each step
//	engine version <tab> sequenceMatch... <tab> best seconds <tab> its processor time <tab> customers
//
// of RUNS runs after one that warms the caches.  Two threads, as many as the
// machine of the bench is said to have.  ClickHouse has the rows twice: in order
// of time, as they come, and in order of customers, where it groups as it reads.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';

const require = createRequire(process.env.PEERS_FROM + '/');
const [engine, file, folder, runs] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const engines = { duckdb, clickhouse };
const peer = await engines[engine]();
for (const [way, query] of Object.entries(peer.ways)) {
  const [best, cpu, cells] = await timed(query);
  let active = 0, weighted = 0, revenue = 0;
  for (const [, age, customers, money] of cells) {
    active += Number(customers);
    weighted += Number(age) * Number(customers);
    revenue += Number(money);
  }
  console.log([peer.name, way, best.toFixed(3), cpu.toFixed(2), cells.length, active, weighted,
    revenue.toFixed(2)].join('\t'));
}
for (const [way, query] of Object.entries(peer.functions ?? {})) {
  const [best, cpu, [found]] = await timed(query);
  console.log([peer.name, way, best.toFixed(3), cpu.toFixed(2), found.join(' ')].join('\t'));
}
process.exit(0);

// The best time of some runs, the processor time of that one, and the rows.
async function timed(query) {
  let best = Infinity, cpu;
  let rows = await peer.rows(query);
  for (let run = 0; run < Number(runs); run++) {
    const start = process.hrtime.bigint(), before = process.cpuUsage();
    rows = await peer.rows(query);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const { user, system } = process.cpuUsage(before);
    if (seconds < best)
      [best, cpu] = [seconds, (user + system) / 1e6];
  }
  return [best, cpu, rows];
}

// The query of most tutorials, and those that group once before they look for
// each customer's first month, by a window or by a join.
function ways({ month, monthsBetween, distinct, table = 'orders', more = '' }) {
  const months = `months AS (
        SELECT customer_id, ${month('ordered_at')} AS period, sum(amount) AS revenue
        FROM ${table} GROUP BY customer_id, period)`;
  return {
    [`usual query${more}`]: `
      WITH firsts AS (
        SELECT customer_id, ${month('min(ordered_at)')} AS cohort
        FROM ${table} GROUP BY customer_id)
      SELECT cohort, ${monthsBetween('cohort', month('ordered_at'))} AS age,
        ${distinct(`${table}.customer_id`)} AS active, sum(amount) AS revenue
      FROM ${table} JOIN firsts ON ${table}.customer_id = firsts.customer_id
      GROUP BY cohort, age ORDER BY cohort, age`,
    [`grouped first${more}`]: `
      WITH ${months},
      aged AS (
        SELECT min(period) OVER (PARTITION BY customer_id) AS cohort, period, revenue
        FROM months)
      SELECT cohort, ${monthsBetween('cohort', 'period')} AS age,
        count(*) AS active, sum(revenue) AS revenue
      FROM aged GROUP BY cohort, age ORDER BY cohort, age`,
    [`grouped first, joined${more}`]: `
      WITH ${months},
      firsts AS (
        SELECT customer_id, min(period) AS cohort FROM months GROUP BY customer_id)
      SELECT cohort, ${monthsBetween('cohort', 'period')} AS age,
        count(*) AS active, sum(revenue) AS revenue
      FROM months JOIN firsts ON months.customer_id = firsts.customer_id
      GROUP BY cohort, age ORDER BY cohort, age`,
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
    ways: ways({
      month: (t) => `date_trunc('month', ${t})`,
      monthsBetween: (a, b) => `date_diff('month', ${a}, ${b})`,
      distinct: (c) => `count(DISTINCT ${c})`,
    }),
  };
}

async function clickhouse() {
  const { Session } = require('chdb');
  const session = new Session(folder);
  const settings = 'SETTINGS max_threads = 2, optimize_aggregation_in_order = 1';
  const rows = async (query) => session.query(`${query} ${settings}`, 'TSV')
    .trim().split('\n').map((line) => line.split('\t'));
  session.query('CREATE DATABASE bench ENGINE = Atomic');
  for (const [table, order] of [['orders', 'ordered_at'], ['by_customer', '(customer_id, ordered_at)']])
    session.query(`CREATE TABLE bench.${table} (customer_id Int64,
      ordered_at DateTime('UTC'), amount Float64, instant UInt32) ENGINE = MergeTree ORDER BY ${order}`);
  session.query(`INSERT INTO bench.orders SELECT * FROM file('${file}', 'CSV',
    'customer_id Int64, ordered_at DateTime(\\'UTC\\'), amount Float64, instant UInt32')`);
  session.query('INSERT INTO bench.by_customer SELECT * FROM bench.orders');
  for (const table of ['orders', 'by_customer'])
    session.query(`OPTIMIZE TABLE bench.${table} FINAL`);
  session.query('USE bench');
  const words = {
    month: (t) => `toStartOfMonth(${t})`,
    monthsBetween: (a, b) => `dateDiff('month', ${a}, ${b})`,
    distinct: (c) => `uniqExact(${c})`,
  };
  const funnel = (table) => `
      SELECT countIf(step >= 1), countIf(step >= 2), countIf(step >= 3)
      FROM (
        SELECT windowFunnel(2592000)(instant, amount < 50, amount >= 50 AND amount < 200, amount >= 200) AS step
        FROM ${table} GROUP BY customer_id)`;
  const sequence = (table) => `
      SELECT countIf(found)
      FROM (
        SELECT sequenceMatch('(?1)(?t<=2592000)(?2).*(?3)')(instant, amount < 50, amount >= 50 AND amount < 200, amount >= 200) AS found
        FROM ${table} GROUP BY customer_id)`;
  return {
    name: `ClickHouse ${(await rows('SELECT version()'))[0][0]}`,
    rows,
    ways: {
      ...ways(words),
      ...ways({ ...words, table: 'by_customer', more: ', in order' }),
      'groupArray, in order': `
      SELECT cohort, dateDiff('month', cohort, period) AS age, sum(first) AS active, sum(paid) AS revenue
      FROM (
        SELECT groupArray(toStartOfMonth(ordered_at)) AS periods, groupArray(amount) AS amounts,
          arrayMin(periods) AS cohort, arrayMap(n -> n = 1, arrayEnumerateUniq(periods)) AS firsts
        FROM by_customer GROUP BY customer_id)
      ARRAY JOIN periods AS period, amounts AS paid, firsts AS first
      GROUP BY cohort, age ORDER BY cohort, age`,
    },
    functions: {
      windowFunnel: funnel('orders'),
      'windowFunnel, in order': funnel('by_customer'),
      sequenceMatch: sequence('orders'),
      'sequenceMatch, in order': sequence('by_customer'),
    },
  };
}
