import type { Outage } from "../../core/model/result.ts"
import type { ProviderError } from "../../host/provider-error.ts"

type Cause = Outage["cause"]
type Patterns = readonly (readonly [Cause, readonly RegExp[]])[]

/**
 * Returns why a model is out of reach, or undefined when the error is about the request: its
 * content, or its form. Codes come first, then the statuses that mean one thing only, then words,
 * and then what else the status says, because gateways answer 400 and 403 for everything. An outage
 * may mention content in its words, so these count only when nothing before them says otherwise.
 */
export function causeOf(error: ProviderError, isTransport: boolean): Cause | undefined {
  const { codes, status, message, isStructured } = error
  const hasCode = (pattern: RegExp) => codes.some((code) => pattern.test(code))
  const hasWords = (patterns: readonly RegExp[]) => patterns.some((pattern) => pattern.test(message))
  const isRefused = status === 402 || status === 429
  if (status === 413 || status === 422 || hasCode(CONTENT_CODE)) return undefined
  if (!isRefused && hasCode(REQUEST_CODE)) return undefined
  const coded = CODES.find(([, patterns]) => patterns.some(hasCode))
  if (coded) return coded[0]
  if (isRefused) return "quota"
  const isDown = (status !== undefined && status >= 500) || hasCode(PROVIDER_CODE)
  if (!isDown && (hasWords(CONTENT_WORDS) || hasWords(REQUEST_WORDS))) return undefined
  if (hasCode(PERMISSION_CODE)) return "auth"
  const worded = WORDS.find(([, patterns]) => hasWords(patterns))
  if (worded) return worded[0]
  if (isDown) return "provider"
  if (status !== undefined) return causeOfStatus(status, isTransport)
  if (hasCode(BAD_REQUEST_CODE)) return undefined
  // An error object in a stream that says nothing else is still a provider that does not answer.
  return isTransport || isStructured ? "provider" : undefined
}

function causeOfStatus(status: number, isTransport: boolean): Cause | undefined {
  if (status === 401 || status === 403 || status === 407) return "auth"
  if (status === 404 || status === 410) return "unknown"
  return isTransport || status === 408 || status === 424 || status === 425 ? "provider" : undefined
}

/** Codes are compared without case and signs: `insufficient_quota` is `insufficientquota`. */
const CONTENT_CODE =
  /content(?:filter|policy|blocked)|responsibleai|moderation|guardrail|prohibitedcontent|datainspection|safety|flagged|^invalidprompt$/
/** The prompt is too long, or the model called a tool in a form that the provider cannot read. */
const REQUEST_CODE =
  /context(?:length|window|size|limit|overflow)|^(?:max|input|output|prompt|request)?tokens?limit|(?:size|length)limit|too(?:large|long)$|abovemaxlength|^tooluse(?:failed|error)/
const BAD_REQUEST_CODE =
  /invalidrequest|invalidargument|badrequest|invalidvalue|validation|unsupported(?:parameter|value)|unknownparameter|missingrequired|unprocessable/
/** Also the code of a refused content, which only the words tell from a refused key. */
const PERMISSION_CODE = /permission(?:error|denied)|accessdenied|forbidden/
const PROVIDER_CODE =
  /overload|unavailable|^(?:internal|server|api|provider|upstream|gateway|network|service|model|modelstream)(?:server)?(?:error|exception|errorexception|failure)$|^internal$|deadlineexceeded|timeout|badgateway|notready|slowdown|capacity/

const CODES: Patterns = [
  [
    "quota",
    [
      /quota|ratelimit|toomanyrequests|throttl|resourceexhausted|billing|paymentrequired|creditbalance|outofcredit/,
      /insufficient(?:credit|balance|fund)|usage(?:limit|notincluded)|limit(?:reached|exceeded)$|spendinglimit/,
    ],
  ],
  [
    "auth",
    [
      /authenti|unauthorized|unrecognizedclient|accountdeactivated/,
      /(?:invalid|expired|missing|incorrect)(?:apikey|token|signature|credential)|apikey(?:invalid|expired)/,
    ],
  ],
  ["unknown", [/(?:model|deployment)(?:isnot|not(?!ready)|doesnot|un)|(?:unknown|invalid|nosuch|unsupported)model$/]],
]

const CONTENT_WORDS = [
  /\bcontent (?:management |moderation )?(?:polic(?:y|ies)|filter)|\busage polic(?:y|ies)|\bmoderation\b/i,
  /\bsafety (?:system|filter|reason|setting)|\b(?:was|been|is) flagged\b|\binappropriate content\b/i,
  /\bsafety[_ ]checks?(?:\b|_)/i,
  /\b(?:content|prompt|input|output|request|response|message|text|image)s? (?:[\w']+ ){0,6}?violat\w+ (?:[\w']+ ){0,6}?(?:guidelines?|polic(?:y|ies)|terms)\b/i,
]

const REQUEST_WORDS = [
  /\bcontext (?:window|length|size)\b|\b(?:prompt|input|request) is too (?:long|large)\b/i,
  /\bexceeds? the maximum number of (?:input )?tokens\b/i,
]

const MODEL = String.raw`(?<!\b(?:with|by|for|on|in) (?:this|the) )\b(?:model|deployment)s?[\s:/]*(?:["'\x60]?[\w./:@-]+["'\x60]? ?){0,3}?`
const IS_GONE =
  "(?:(?:do|does) not exist|doesn't exist|(?:is |was )?not found|is(?: not|n't) (?:available|supported)|no longer (?:exists|available|supported)|has been (?:deprecated|retired|removed))"

/**
 * Sentences, not single words: a 400 quotes names of the request, such as a tool that is called
 * `get_billing_quota`.
 */
const WORDS: Patterns = [
  [
    "quota",
    [
      /\binsufficient[_ ](?:quota|credits?|(?:account )?balance|funds)\b/i,
      /\b(?:exceeded|reached|hit|used up|exhausted) (?:[\w-]+ ){0,4}?(?:quota|(?:usage|spend(?:ing)?|rate|credit) limits?)\b/i,
      /\b(?:quota|(?:usage|spend(?:ing)?|rate|credit|key|monthly|daily|weekly) limit)s? (?:\w+ ){0,4}?(?:exceeded|reached|exhausted|hit|used up)/i,
      /\bcheck (?:your )?quota\b|\bresource (?:has been |is )?exhausted\b|\btoo many requests\b|\brate.limited\b/i,
      /\bcredit balance\b|\b(?:out of|no more|not enough|no remaining|more) credits?\b|\bno credits?(?: left)?[.!]?$/i,
      /\bcredits? (?:\w+ ){0,3}?(?:used up|exhausted|depleted|expired)|\bpayment (?:is )?required\b/i,
      /\bbilling (?:problem|issue|error|hard limit|is (?:not|disabled)|has not)|\benable billing\b/i,
      /\b(?:subscription|plan|trial) (?:\w+ ){0,2}?(?:expired|ended|inactive)\b/i,
    ],
  ],
  [
    "unknown",
    [
      new RegExp(`${MODEL}${IS_GONE}`, "i"),
      /\bnot a valid model\b|\b(?:unknown|invalid|no such|unrecognized|unsupported) model\b(?! (?:output|parameter|input))/i,
      /\bmodel identifier\b[^.]{0,40}\binvalid\b|\bno (?:endpoints?|providers?) (?:found|available)\b|^model: \S+$/i,
      /(?:\bnot|n't|\bno) (?:have )?access to (?:the |this )?model\b/i,
    ],
  ],
  [
    "auth",
    [
      /\b(?:api|access|auth|secret)[- _]?key (?:\w+ ){0,4}?(?:not valid|invalid|revoked|expired|disabled|missing|incorrect)/i,
      /\b(?:invalid|incorrect|missing|expired|revoked|no|wrong) (?:x-)?(?:api|access|auth|secret)[- _]?(?:key|token)\b/i,
      /\b(?:your|this|the) key (?:is|was|has been) (?:not valid|invalid|revoked|expired|disabled)\b/i,
      /\b(?:unauthorized|unauthenticated)\b|\bauthentication (?:failed|error|required)|\binvalid (?:authentication|credentials)/i,
      /\bsecurity token\b[^.]{0,40}\b(?:invalid|expired)|\b(?:account|organization)\b[^.]{0,60}? (?:deactivated|suspended)/i,
    ],
  ],
  [
    "provider",
    [
      /\boverloaded\b|\b(?:at|no|over|insufficient|out of) capacity\b|\bcapacity (?:exceeded|constraints?|reached)/i,
      /\b(?:temporarily|currently) unavailable\b|\bservice (?:is )?unavailable\b|\b(?:try|retry) again (?:later|in)\b/i,
      /\b(?:internal|server|upstream|gateway|network|connection|provider) (?:server )?(?:error|failure|timeout)\b/i,
      /\bserver had an error\b|\bbad gateway\b|\bgateway time-?out\b|\bdisconnected\b/i,
      /\b(?:request|connection|response|stream|read|upstream)s? (?:\w+ )?timed? ?out\b/i,
      /\bconnect(?:ion)? (?:was )?(?:refused|reset|closed|lost)\b|\bfetch failed\b|\bsocket hang up\b/i,
      /\b(?:unable|cannot|failed) to? ?(?:connect|fetch)\b|\bECONN\w+|\bENOTFOUND\b|\bEAI_AGAIN\b|\bETIMEDOUT\b/i,
    ],
  ],
]
