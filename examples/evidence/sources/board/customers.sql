-- By state and channel, not one by one: who they are stays in the database.
SELECT state, channel_group AS channel, count(*) AS customers, sum(orders) AS orders, sum(revenue) AS revenue, sum(value) AS value
FROM customers
GROUP BY state, channel_group
ORDER BY customers DESC
