// questions.cjs: what is asked of the Cube model, and the same of the views: [name, query, SQL].
module.exports = [
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
