/** Words of a record that does report a failure, however it goes on. */
const report =
  /\b(?:ERROR|FATAL|CRITICAL|SEVERE|EMERG|ALERT)\b|[Ee]rror:|Exception:|Exception in|\bpanic:|\bfatal:|\[error\]|"level":\s?"?(?:error|fatal|50|60)|\b[Ff]ailed\b|\bfailure\b|\b[Rr]ejected (?:it|the|by|from)\b|\n\s+at /;

/** Several error codes in a row: a setting that names them. */
const codeList = /\bE[A-Z]{4,16}\s?[,|/]\s?'?"?E[A-Z]{4,16}\b/;

/** Set-up, counting and advice: sentences in which a failure is only named. */
const statement = new RegExp(
  [
    String.raw`\b(?:handler|handlers|hook|hooks|listener|interceptor|filter|alert|alerts|metric|counter|gauge|rules?|policy|dashboard|probe|checks?|detector|detection|support|protection|guard|retry|retries|tests?|feature)\b[^\n]{0,60}\b(?:registered|installed|enabled|disabled|configured|passed|updated|reset|ready|initialized)\b`,
    String.raw`\b(?:registered|installed|enabled|configured|enabling|installing|registering|configuring)\b[^\n]{0,40}\b(?:handlers?|hooks?|listener|interceptor|filter|alerts?|metric|counter|rule|policy|dashboard|detector|detection|support|protection|retry|retries)\b`,
    String.raw`\bregistered for\b`,
    String.raw`\b(?:alerts?|alert rules?|dashboards?)\b[^\n]{0,60}\b(?:loaded|resolved|acknowledged|silenced|created|deleted|added|removed|saved)\b`,
    String.raw`\b(?:responses|requests|errors|calls|failures|statuses) are (?:retried|ignored|logged|mapped|handled|counted|reported)\b`,
    String.raw`\b(?:search(?:ed)? for|mail\b[^\n]{0,20}\bsubject|comment(?: posted)?|article|ticket \d{1,9}|indexed document|titled|posted):?\s{0,2}["“']`,
    String.raw`\bto (?:avoid|prevent)\b`,
    String.raw`\b(?:avoids|prevents|handles|detects|mitigates|documents|describes|explains)\b`,
    String.raw`\b(?:runbook|wiki|faq|tutorial|article|release notes)\b`,
    String.raw`\b(?:0|no|zero|without)\s(?:[\w.-]{1,40}\s){0,2}(?:errors?|exceptions?|failures?|timeouts?|deadlocks?|panics?|issues?)\b`,
    String.raw`\b(?:retry|retries|retryable|retriable|ignor\w{1,5}|treat\w{0,3}|translat\w{1,5})\b[^\n]{0,20}\b(?:on|errors?|codes?|statuses|conditions|as)\b`,
    String.raw`\b(?:simulat|inject|chaos|drill|rehears)\w{0,8}\b`,
  ].join("|"),
  "i",
);

/**
 * True for a sentence that names failures and reports none: a list of codes to retry on, a handler that was installed, advice. One line only: a
 * record with a stack below it reports.
 */
export function isStatement(text: string): boolean {
  if (text.includes("\n") || report.test(text)) return false;
  return codeList.test(text) || statement.test(text);
}
