/** OTLP severity numbers at which a level begins. */
export const severities = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;

/** In this order: names and the numbers of common frameworks (Bunyan, Pino). */
const levels: readonly (readonly [RegExp, number])[] = [
  [/^(?:f|fatal|crit|critical|panic|emerg|emergency|alert|60)$/i, severities.fatal],
  [/^(?:e|err|error|severe|50)$/i, severities.error],
  [/^(?:w|warn|warning|40)$/i, severities.warn],
  [/^(?:i|info|information|notice|30)$/i, severities.info],
  [/^(?:d|debug|fine|20)$/i, severities.debug],
  [/^(?:t|trace|verbose|finest|10)$/i, severities.trace],
];

/** The OTLP severity number that a level word stands for; 0 for a word that is none. */
export function levelSeverity(level: string): number {
  if (level === "" || level.length > 16) return 0;
  return levels.find(([word]) => word.test(level))?.[1] ?? 0;
}
