-- title: Hours with unusually many errors
-- answers: In which hours did far more calls fail than usual, and why?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.1
-- reference: https://attack.mitre.org/techniques/T1580/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_errors integer = 20: errors in the hour at least
-- param factor number = 3: times the usual at least
SELECT
    hour,
    errors,
    events,
    round(average_errors, 2) AS usual_errors,
    round(errors / average_errors, 2) AS times_the_usual,
    principals,
    error_codes
FROM (
    SELECT
        date_trunc('hour', event_time) AS hour,
        count(*) FILTER (WHERE is_error) AS errors,
        count(*) AS events,
        -- the usual: over all hours with events, the spikes among them
        avg(count(*) FILTER (WHERE is_error)) OVER () AS average_errors,
        count(DISTINCT CASE WHEN is_error
            THEN coalesce(session_issuer_arn, user_identity_arn, user_identity_invoked_by) END) AS principals,
        array_sort(array_agg(DISTINCT error_code) FILTER (WHERE error_code IS NOT NULL)) AS error_codes
    FROM events
    WHERE event_time >= $since AND event_time < $until
    GROUP BY 1
)
WHERE errors >= $min_errors
  AND errors >= $factor * average_errors
ORDER BY hour
