/* What classification counts for each axis that has models in the database; /metrics prints
 * pulih_<name>{stage="...",axis="..."}.
 * METRIC(name, type, doc)  type: counter or gauge */
// clang-format off
METRIC(model_version, gauge, "version of the model that judges; 0: what the policy names, or rules alone")
METRIC(model_late, gauge, "1 while it is not the one that should: see the log for why")
METRIC(model_drift_thousandths, gauge, "population stability index of recent decisions against the first ones under this version; above 250 look")
METRIC(model_confidence_first, gauge, "mean confidence of the first decisions under this version, 0 to 100")
METRIC(model_confidence, gauge, "mean confidence of recent decisions")
METRIC(shadow_version, gauge, "version that looks on; 0: none")
METRIC(shadow_judged_total, counter, "complaints that a shadow judged, too")
METRIC(shadow_differs_total, counter, "complaints of which it said something else than the live model")
METRIC(shadow_skipped_total, counter, "complaints that it did not judge, because there was too much to do")
// clang-format on
#undef METRIC
