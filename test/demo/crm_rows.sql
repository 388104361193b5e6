-- crm_rows.sql: the orders of crm.sql with the channel that won the customer, as
-- page.sh and show.sql read them.
CREATE VIEW order_rows AS
SELECT o.customer_id, o.ordered_at, o.amount, c.channel
FROM orders AS o
JOIN customers AS c USING (customer_id);
