import { hashText } from "./text-hash.ts";

/** A set of words that is asked by hash, so that the scanner cuts no strings. */
export interface WordSet {
  has(hash: number): boolean;
}

/** Hash of one word. */
export const hashWord = (word: string): number => hashText(word);

function setOf(words: string): WordSet {
  return new Set(words.split(/\s+/).filter(Boolean).map(hashWord));
}

function cased(words: string): string {
  const each = words.split(/\s+/).filter(Boolean);
  return [...each, ...each.map((word) => word.toLowerCase()), ...each.map((word) => word.toUpperCase())].join(
    " ",
  );
}

/** Names that belong to the number after them: `Dec 4`, `Sunday 04:47`. */
export const calendarNames = setOf(
  cased(
    `Jan Feb Mar Apr May Jun Jul Aug Sep Sept Oct Nov Dec January February March April June July August September
     October November December Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun Monday Tuesday Wednesday Thursday
     Friday Saturday Sunday`,
  ),
);

/** Units that belong to the number before them. */
export const unitNames = setOf(
  `B KB MB GB TB PB KiB MiB GiB TiB kB kb mb gb tb K M G T k bit bits byte bytes Byte Bytes Kbytes kbytes Mbytes KBytes
   MBytes GBytes kilobytes megabytes gigabytes
   ns us µs μs ms s sec secs second seconds msec msecs usec nsec millis milliseconds millisecond MILLISECONDS SECONDS
   microseconds nanoseconds m min mins minute minutes h hr hrs hour hours d day days % percent
   B/s KB/s MB/s GB/s kB/s bps kbps Kbps Mbps Gbps Hz kHz KHz MHz GHz AM PM am pm
   UTC GMT CET CEST EST EDT CST CDT MST MDT PST PDT BST IST JST`,
);

/** Values that are one wherever they stand. */
export const truthValues = setOf("true false True False TRUE FALSE");

/** Values of a flag or of nothing, which are words elsewhere: `cache: none`, but `failed: No such file`. */
export const flagValues = setOf(cased("null none nil undefined yes no") + " Null None Nil Undefined Yes No");

/** Words after `user` that tell about users, and name none. */
export const userStatements = setOf(
  cased(`is has not was name id agent input error`) +
    ` authentication does did can cannot could with for from in on to by and or the a an who account session
     data request requests login logged logout does space mode`,
);

/** Ends of host names. Those that are also file endings (`.sh`, `.py`) or property names (`.name`, `.info`) are left out. */
export const hostEndings: ReadonlySet<string> = new Set(
  `com org net edu gov mil biz arpa local localdomain lan intranet corp svc
   ac au be br ca ch cl cn co cz de dk es eu fi fr gr hk hu ie il io ir it jp kr mx nl no nz pt ro ru se sg sk
   tr tw ua uk us vn za`
    .split(/\s+/)
    .filter(Boolean),
);

export const userWord = hashWord("user");
export const upperUserWord = hashWord("User");
