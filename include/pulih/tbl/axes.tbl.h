/* The axes of classification. Each is a column of table classification; a byte of confidence (0 to 100)
 * stands beside it, in the order of this table. Append only: the order is stored.
 * AXIS(name, kind, words, doc)
 *   kind  one    one word of the list
 *         many   several words: a mask, bit n-1 for word n
 *         score  0 to 100, `words` is 0 */
// clang-format off
AXIS(language,      one,   language,      "language of the text")
AXIS(category,      one,   category,      "mechanical, attitudinal, service-related, unusual")
AXIS(department,    one,   department,    "who must deal with it")
AXIS(reason,        one,   reason,        "what is complained about")
AXIS(root_cause,    one,   root_cause,    "first guess at why it happened")
AXIS(motive,        many,  motive,        "what the complainer is after")
AXIS(expression,    one,   expression,    "what the text expresses")
AXIS(anger,         score, 0,             "how angry the text is")
AXIS(formality,     one,   formality,     "formal or informal")
AXIS(size,          one,   size,          "quick kill or big problem")
AXIS(tier,          one,   tier,          "which deadlines and authority apply")
AXIS(priority,      score, 0,             "rank among open complaints, 100 first")
AXIS(gravity,       many,  gravity,       "what makes it grave")
AXIS(response_mode, one,   response_mode, "to whom the customer turns")
AXIS(request_type,  one,   request_type,  "simple thing asked for")
AXIS(complainer,    one,   complainer,    "active, inactive, hyperactive")
AXIS(unmet_need,    one,   unmet_need,    "which need was hurt")
AXIS(sub_reason,    one,   sub_reason,    "closer reason, within the reason")
// clang-format on
#undef AXIS
