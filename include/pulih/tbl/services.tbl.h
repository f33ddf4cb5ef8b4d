/* The daemons, in the order in which a complaint passes them. The number is the `holder` column.
 * SERVICE(name, number, hint port, http port, doc) */
SERVICE(intake, 1, 7401, 9401, "takes complaints and later messages in, answers with a receipt")
SERVICE(classification, 2, 7402, 9402, "finds language, department, category, tier and the other axes")
SERVICE(escalation, 3, 7403, 9403, "sets deadlines, watches them, climbs the ladder of posts")
SERVICE(followup, 4, 7404, 9404, "writes the letters, leads to consent and closing, publishes the feed")
#undef SERVICE
