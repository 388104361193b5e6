// cube.cjs MODEL: asks the Cube model in the folder MODEL what BI tools would, by the
// SQL that Cube's own compiler makes of it, and compares with plain SQL over the views.
// Cube's server and its newer planner want a binary that its packages download; the
// compiler and the older planner do not.
process.env.CUBEJS_TESSERACT_SQL_PLANNER = 'false';
process.env.CUBEJS_TELEMETRY = 'false';
const fs = require('fs');
const path = require('path');
const { Client } = require('pg');
const { prepareCompiler, PostgresQuery } = require('@cubejs-backend/schema-compiler');

const folder = process.argv[2];
const repository = {
	localPath: () => folder,
	dataSchemaFiles: () => Promise.resolve(fs.readdirSync(folder).filter(name => name.endsWith('.yml'))
		.map(name => ({ fileName: name, content: fs.readFileSync(path.join(folder, name), 'utf8') }))),
};

// what is asked, and the same of the views
const questions = [
	['retention by age, all cohorts',
		{ measures: ['cells.customers', 'cells.active', 'cells.retention'], dimensions: ['cells.age'], order: [{ id: 'cells.age', desc: false }] },
		`SELECT age, sum(cohort_size), sum(active), sum(active)::float8 / nullif(sum(cohort_size), 0)
		FROM board.cells WHERE complete GROUP BY age
		UNION ALL SELECT age, NULL, NULL, NULL FROM board.cells GROUP BY age HAVING NOT bool_or(complete) ORDER BY 1`],
	['the pooled curve of the dashboard',
		{ measures: ['cells.active'], dimensions: ['cells.age'], order: [{ id: 'cells.age', desc: false }], filters: [{ member: 'cells.complete', operator: 'equals', values: ['true'] }] },
		'SELECT age, active FROM board.curve ORDER BY 1'],
	['revenue of each cohort',
		{ measures: ['cells.revenue', 'cells.orders'], timeDimensions: [{ dimension: 'cells.cohort', granularity: 'month' }], order: [{ id: 'cells.cohort', desc: false }] },
		'SELECT cohort::timestamp, sum(revenue), sum(orders) FROM board.cells GROUP BY 1 ORDER BY 1'],
	['retention of a channel at age 1',
		{ measures: ['channel_curve.retention'], dimensions: ['channel_curve.channel'], filters: [{ member: 'channel_curve.age', operator: 'equals', values: ['1'] }], order: [{ id: 'channel_curve.channel', desc: false }] },
		'SELECT channel, retention FROM board.channel_curve WHERE age = 1 ORDER BY 1'],
	['movements of a quarter',
		{ measures: ['movements.new_customers', 'movements.churned_customers', 'movements.retention'], timeDimensions: [{ dimension: 'movements.period', granularity: 'quarter' }], order: [{ id: 'movements.period', desc: false }] },
		`SELECT date_trunc('quarter', period::timestamp), sum(new_customers), sum(churned_customers),
			sum(retained_customers) FILTER (WHERE complete)::float8 / nullif(sum(opening_customers) FILTER (WHERE complete), 0)
		FROM board.movements GROUP BY 1 ORDER BY 1`],
	['customers by state',
		{ measures: ['customers.count', 'customers.revenue', 'customers.expected_value', 'customers.revenue_per_customer', 'customers.p_alive'], dimensions: ['customers.state'], order: [{ id: 'customers.state', desc: false }] },
		'SELECT state, count(*), sum(revenue), sum(value), sum(revenue) / count(*), avg(p_alive) FROM board.customers GROUP BY 1 ORDER BY 1'],
	['customers by channel and segment',
		{ measures: ['customers.count'], dimensions: ['customers.channel', 'customers.segment'], order: [{ id: 'customers.channel', desc: false }, { id: 'customers.segment', desc: false }] },
		'SELECT channel_group, segment, count(*) FROM board.customers GROUP BY 1, 2 ORDER BY 1, 2'],
];

const plain = rows => rows.map(row => row.map(value => value instanceof Date ? value.toISOString() :
	value === null || isNaN(value) ? value : Number(Number(value).toPrecision(12))));

(async () => {
	const compilers = prepareCompiler(repository, { nativeInstance: { newJinjaEngine: () => ({}) } });
	await compilers.compiler.compile();
	const client = new Client();
	await client.connect();
	await client.query("SET timezone = 'UTC'");
	let failed = 0;
	for (const [name, query, sql] of questions)
	{
		const [made, values] = new PostgresQuery(compilers, { timezone: 'UTC', ...query }).buildSqlAndParams();
		const ours = plain((await client.query({ text: made, values, rowMode: 'array' })).rows);
		const theirs = plain((await client.query({ text: sql, rowMode: 'array' })).rows);
		const same = ours.length > 0 && JSON.stringify(ours) === JSON.stringify(theirs);
		console.log(`${same ? 'ok' : 'not ok'} Cube: ${name}, ${ours.length} rows`);
		if (!same)
		{
			failed++;
			console.log(made, JSON.stringify(ours.slice(0, 5)), JSON.stringify(theirs.slice(0, 5)));
		}
	}
	await client.end();
	process.exit(failed ? 1 : 0);
})().catch(error => { console.log(`not ok Cube: ${error.stack || error}`); process.exit(1); });
