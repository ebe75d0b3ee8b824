import type { Text } from "./ports.ts";

const firstTexts = 1024;
const holds = 1;
const fails = 2;

/** What was once judged of interned texts, yes or no: a byte for each, since texts are small integers without gaps. */
export class TextJudgements {
  private judged = new Uint8Array(firstTexts);
  private readonly judge: (text: Text) => boolean;

  constructor(judge: (text: Text) => boolean) {
    this.judge = judge;
  }

  of(text: Text): boolean {
    const known = this.judged[text] ?? 0;
    return known === 0 ? this.ask(text) : known === holds;
  }

  /** To be called when texts lost their meaning. */
  forget(): void {
    this.judged.fill(0);
  }

  private ask(text: Text): boolean {
    const answer = this.judge(text);
    if (text >= this.judged.length) {
      const wider = new Uint8Array(Math.max(text + 1, this.judged.length * 2));
      wider.set(this.judged);
      this.judged = wider;
    }
    this.judged[text] = answer ? holds : fails;
    return answer;
  }
}
