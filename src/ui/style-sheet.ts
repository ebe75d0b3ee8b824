/** The pages' only style sheet: system fonts, two palettes, and one column on a narrow screen. Text is AA on its background. */
export const styleSheet = `:root {
  color-scheme: light dark;
  --page: #f6f6f3; --panel: #ffffff; --ink: #1c2127; --soft: #59626d; --line: #dfe1e0; --grid: #e7e9e8;
  --good: #16703f; --bad: #b3241b; --busy: #2257a3; --unsure: #855400;
  --good-tint: #e9f4ed; --bad-tint: #fcedeb; --busy-tint: #ebf1fa; --unsure-tint: #fbf2e1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --panel: #1b1f23; --ink: #e7eaec; --soft: #a4adb6; --line: #333a41; --grid: #2a3036;
    --good: #66cf97; --bad: #ff8f86; --busy: #8fbaff; --unsure: #eebb62;
    --good-tint: #1a2b22; --bad-tint: #341e1d; --busy-tint: #1b2635; --unsure-tint: #302717;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 0 1.5rem 4rem; max-width: 76rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
a { color: var(--busy); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--busy); outline-offset: 2px; border-radius: 3px; }
main:focus { outline: none; }
h1, h2, h3, p, ul, ol, dl, dd, pre { margin: 0; }
h1 { font-size: 1.05rem; } h2 { font-size: 1.15rem; margin-top: 2.75rem; } h3 { font-size: 1rem; }
b { font-weight: 650; }
code, pre { font: .88em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { overflow-x: auto; padding: .9rem 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; margin-top: .6rem; }
.soft { color: var(--soft); font-weight: 400; }
.count { color: var(--soft); font-weight: 400; font-size: .85em; }
.hidden, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.top { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: .25rem 1rem; padding: 1.1rem 0 .9rem; font-size: .875rem; }
.brand { font-size: 1.05rem; font-weight: 700; letter-spacing: -.01em; color: inherit; text-decoration: none; }
.brand:hover { text-decoration: underline; }
.notice { padding: .7rem 1rem; border-radius: 8px; margin-bottom: 1rem; border: 1px solid currentColor; }
.notice.bad { background: var(--bad-tint); color: var(--bad); } .notice.unsure { background: var(--unsure-tint); color: var(--unsure); }
.empty { padding: 1.25rem; border: 1px dashed var(--line); border-radius: 10px; color: var(--soft); margin-top: 1rem; }
.badge { display: inline-block; padding: 0 .5rem; border-radius: 99px; font-size: .8rem; font-weight: 650; line-height: 1.5rem; white-space: nowrap; }
.badge.good { background: var(--good-tint); color: var(--good); } .badge.bad { background: var(--bad-tint); color: var(--bad); }
.badge.busy { background: var(--busy-tint); color: var(--busy); } .badge.unsure { background: var(--unsure-tint); color: var(--unsure); }
.final { font-size: .8rem; font-weight: 500; letter-spacing: 0; color: var(--soft); vertical-align: .1em; }

.hero { display: grid; grid-template-columns: minmax(0, 1fr) minmax(16rem, 24rem); gap: 1.5rem 2.5rem; padding: 1.5rem 1.75rem 1.6rem;
  background: var(--panel); border: 1px solid var(--line); border-left: 6px solid var(--tone); border-radius: 10px; }
.good { --tone: var(--good); --tint: var(--good-tint); } .bad { --tone: var(--bad); --tint: var(--bad-tint); }
.busy { --tone: var(--busy); --tint: var(--busy-tint); } .unsure { --tone: var(--unsure); --tint: var(--unsure-tint); }
.hero .verdict { font-size: clamp(2.3rem, 7vw, 3.4rem); line-height: 1.12; font-weight: 750; letter-spacing: -.025em; color: var(--tone); margin: .3rem 0 .6rem; }
.hero .means { color: var(--tone); font-weight: 600; margin: -.35rem 0 .6rem; }
.hero .reason { font-size: 1.125rem; line-height: 1.45; max-width: 60ch; }
.hero .others { margin-top: .4rem; padding-left: 1.1rem; color: var(--soft); }
.hero .action { margin-top: .9rem; padding-top: .8rem; border-top: 1px solid var(--line); }
.hero .action b { margin-right: .4rem; }
.hero .weight h2 { margin: 0 0 .3rem; font-size: .875rem; color: var(--soft); font-weight: 500; }
.hero .weight p { font-size: .875rem; } .hero .weight svg { margin-bottom: .6rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr)); gap: .8rem 1.5rem; padding: 1.1rem 1.75rem 0; font-size: .875rem; }
.facts dt { color: var(--soft); }

svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--soft); } svg .limit { fill: var(--ink); } svg .current { fill: var(--ink); font-weight: 650; font-size: 12px; }
svg .grid { stroke: var(--grid); } svg .one { stroke: var(--soft); }
svg .band { fill: var(--tone); opacity: .16; } svg .edge { fill: none; stroke: var(--tone); opacity: .55; }
svg .guess { fill: none; stroke: var(--tone); stroke-width: 1.75; } svg .end { fill: var(--tone); stroke: var(--panel); stroke-width: 1.5; }
svg .tolerance { stroke: var(--ink); stroke-dasharray: 6 3; } svg .margin { stroke: var(--ink); stroke-dasharray: 1.5 3; stroke-width: 1.5; }
svg .area { fill: var(--tone); opacity: .14; } svg .line { fill: none; stroke: var(--tone); stroke-width: 2; stroke-linejoin: round; }
svg .plan { fill: none; stroke: var(--soft); stroke-dasharray: 3 3; }
svg .whole { fill: var(--grid); } svg .part { fill: var(--tone); }
svg.bar { height: 4px; border-radius: 2px; overflow: hidden; }

.legend { max-width: 80ch; margin-top: .2rem; font-size: .875rem; }
.group { margin-top: 1.5rem; } .group > p.soft { font-size: .875rem; }
summary { cursor: pointer; } summary h3 { display: inline-block; }
table { border-collapse: collapse; width: 100%; text-align: left; }
th, td { vertical-align: top; font-weight: 400; }
.signals { margin-top: .6rem; background: var(--panel); border: 1px solid var(--line); border-radius: 10px; border-spacing: 0; border-collapse: separate; }
.signals thead th { padding: .55rem 1rem .4rem; font-size: .8rem; color: var(--soft); }
.signals tbody th, .signals tbody td { padding: 1rem; border-top: 1px solid var(--line); }
.signals tbody th { width: 42%; } .signals .reading { width: 9rem; } .signals .ratio { min-width: 19rem; width: 24rem; }
.signals .name { font-weight: 650; margin-left: .25rem; }
.signals .why { margin-top: .45rem; max-width: 56ch; } .signals p.soft { font-size: .8125rem; margin-top: .35rem; max-width: 62ch; }
.pattern { min-width: 0; max-width: 56ch; } .pattern pre { padding: .4rem .6rem; margin-top: .35rem; border-radius: 6px; background: var(--page); }
.lines { list-style: none; padding: 0; font-size: .8125rem; } .lines li { margin-top: .35rem; } .lines pre { margin-top: .1rem; }
.signals .reading b { display: block; font-size: 1.1rem; } .signals .reading .soft { font-size: .8125rem; }
.signals .arm { display: none; } .ratio-words { font-size: .875rem; } svg + .ratio-words { margin: .2rem 0 0 9.5%; }

.history { list-style: none; padding: 0; margin-top: .6rem; }
.history li { display: grid; grid-template-columns: 8.5rem 7.5rem minmax(0, 1fr) auto; gap: .25rem 1rem; padding: .5rem 0; border-top: 1px solid var(--line); } .history b { overflow-wrap: normal; }
.plain { font-size: .9rem; overflow-wrap: break-word; } .plain time, .history time { white-space: nowrap; } .plain th, .plain td { padding: .5rem 1.25rem .5rem 0; border-top: 1px solid var(--line); }
.plain thead th { color: var(--soft); font-size: .8rem; border: 0; } .plain tbody th { font-weight: 650; }
.plain .soft { font-size: .8125rem; } .error { color: var(--bad); font-size: .8125rem; }
.scroll { overflow-x: auto; margin-top: .5rem; }
.notes { padding-left: 1.1rem; margin: .6rem 0 1rem; max-width: 80ch; }

.plain-title { font-size: 1.75rem; letter-spacing: -.02em; line-height: 1.2; } .plain-title .soft { font-size: .9375rem; letter-spacing: 0; margin-left: .5rem; }
.cards { list-style: none; padding: 0; margin-top: .7rem; display: grid; gap: .6rem; }
.card { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr) 9rem; gap: .5rem 1.5rem; padding: 1rem 1.25rem; background: var(--panel);
  border: 1px solid var(--line); border-left: 5px solid var(--tone); border-radius: 10px; }
.card .word { font-size: 1.15rem; font-weight: 700; color: var(--tone); letter-spacing: -.01em; } .card .word .final { display: block; }
.card .why { margin-top: .35rem; max-width: 75ch; } .card .arms { font-size: .9rem; } .card .weight { font-size: .875rem; }
.service-card { padding: 1rem 1.25rem; margin-top: .6rem; background: var(--panel); border: 1px solid var(--line); border-radius: 10px; }
.tallies { list-style: none; padding: 0; margin-top: .6rem; font-size: .9rem; } .tallies li { padding: .15rem 0; }
@media (max-width: 64rem) {
  .signals, .signals tbody { display: block; } .signals thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .signals tr { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } .signals tbody tr + tr { border-top: 1px solid var(--line); }
  .signals tbody th, .signals tbody td { display: block; border: 0; width: auto; } .signals tbody th, .signals .ratio { grid-column: 1 / -1; min-width: 0; }
  .signals .reading, .signals .ratio { padding-top: 0; width: auto; } .signals .ratio svg { max-width: 32rem; }
  .signals .arm { display: block; font-size: .8rem; color: var(--soft); }
}
@media (max-width: 48rem) {
  body { padding: 0 1rem 3rem; } .hero { grid-template-columns: minmax(0, 1fr); padding: 1.1rem 1.1rem 1.2rem; } .facts { padding: 1rem .25rem 0; grid-template-columns: 1fr 1fr; }
  .card { grid-template-columns: minmax(0, 1fr); padding: .9rem 1rem; } .card .word .final { display: inline; }
  .history li { grid-template-columns: auto 1fr; } .history li > :nth-child(n + 3) { grid-column: 1 / -1; }
  .commands, .commands tbody { display: block; } .commands thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .commands tr { display: grid; grid-template-columns: auto auto auto 1fr; gap: 0 1rem; padding: .5rem 0; border-top: 1px solid var(--line); }
  .commands td, .commands th { padding: .1rem 0; border: 0; } .commands td:last-child { grid-column: 1 / -1; }
  .plain-title .soft { display: block; margin: .2rem 0 0; } .names { display: none; }
}
@media (prefers-reduced-motion: no-preference) { a, .card { transition: background-color .15s; } }
@media print { .top p, #lost { display: none; } details > * { display: block; } }
`;
