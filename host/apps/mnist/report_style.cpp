// The report's look. System fonts; every colour a variable, so that dark mode is one block.
#include "host/apps/mnist/report_parts.hpp"

namespace xent::mnist {

const char* const kReportStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f6f3; --card: #ffffff; --ink: #1d2326; --soft: #667075; --rule: #e1e2dd; --grid: #ecece7;
  --train: #2a78b8; --test: #d9622b; --good: 42 130 90; --bad: 205 60 45; --note: #fff4d6; --note-ink: #6b4e00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181a; --card: #1e2224; --ink: #e8eaea; --soft: #98a2a6; --rule: #33393c; --grid: #2a3032;
    --train: #64b2ee; --test: #f79763; --good: 70 170 120; --bad: 235 95 80; --note: #3a3115; --note-ink: #f1dc9d;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
       font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 36px 24px 60px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 40px 0 4px; }
p { margin: 0 0 14px; } .soft { color: var(--soft); }
.note { background: var(--note); color: var(--note-ink); border-radius: 8px; padding: 10px 14px; margin: 14px 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0 0; }
.card, .panel, .chart { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.card { padding: 12px 16px; } .card b { display: block; font-size: 24px; line-height: 1.3; font-weight: 650; }
.card span { color: var(--soft); font-size: 13px; }
.card.lead b { color: rgb(var(--good)); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 14px; }
.chart { margin: 0; padding: 14px 14px 8px; }
.chart figcaption { font-size: 13px; color: var(--soft); padding: 0 6px 6px; display: flex; flex-wrap: wrap; gap: 4px 12px; }
.chart figcaption b { color: var(--ink); font-size: 15px; flex: 1; } .chart figcaption small { width: 100%; font-size: 12px; margin-top: -6px; }
.key::before { content: ""; display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin: 0 6px 4px 0; background: currentColor; }
.key.train, .key.rate { color: var(--train); } .key.test { color: var(--test); }
svg { display: block; width: 100%; height: auto; font-size: 12px; }
svg .grid { stroke: var(--grid); } svg .grid.faint { stroke-dasharray: 2 4; } svg .axis { stroke: var(--soft); }
svg text { fill: var(--soft); } svg .y { text-anchor: end; } svg .x { text-anchor: middle; }
svg .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
svg .line.train, svg .line.rate { stroke: var(--train); } svg .line.test { stroke: var(--test); }
svg .dot { stroke: var(--card); stroke-width: 1.2; }
svg .dot.train { fill: var(--train); } svg .dot.test { fill: var(--test); }
.panel { padding: 14px 18px; overflow-x: auto; }
.scroll { max-height: 380px; overflow-y: auto; } h3 { font-size: 15px; margin: 4px 0 8px; }
.wide-narrow { display: grid; grid-template-columns: minmax(0, 1fr) 260px; gap: 14px; align-items: stretch; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 14px; align-items: start; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { font-weight: 600; color: var(--soft); font-size: 13px; }
.list { width: 100%; } .list th { text-align: left; font-weight: 400; padding: 4px 14px 4px 0; white-space: nowrap; vertical-align: top; }
.list td { padding: 4px 0; overflow-wrap: anywhere; } .list tr + tr { border-top: 1px solid var(--grid); }
.epochs { width: 100%; } .epochs th, .epochs td { text-align: right; padding: 4px 10px; white-space: nowrap; }
.epochs tbody tr { border-top: 1px solid var(--grid); } .epochs .best { color: rgb(var(--good)); font-weight: 650; }
.confusion { width: 100%; } .confusion td { width: 9%; height: 38px; text-align: center; border: 2px solid var(--card); border-radius: 6px; font-size: 14px; }
.confusion th { padding: 4px 8px; } .confusion .hit { background: rgb(var(--good) / var(--a)); }
.confusion .miss { background: rgb(var(--bad) / var(--a)); } .confusion .none { color: var(--rule); }
.confusion .deep { color: #fff; } .confusion .rate { color: var(--soft); font-size: 13px; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 12px; padding: 0; margin: 0; list-style: none; }
.mistakes li { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 10px; text-align: center; }
.mistakes img { width: 84px; height: 84px; image-rendering: pixelated; border-radius: 6px; background: #000; display: block; margin: 0 auto 6px; }
.mistakes b { font-size: 17px; } .mistakes .truth { color: rgb(var(--good)); } .mistakes .guess { color: rgb(var(--bad)); }
.mistakes small { display: block; color: var(--soft); line-height: 1.35; }
footer { margin-top: 44px; color: var(--soft); font-size: 13px; }
@media (max-width: 860px) { .wide-narrow { grid-template-columns: 1fr; } }
@media (max-width: 520px) { .charts, .pair { grid-template-columns: 1fr; } main { padding: 20px 12px; } }
)css";

}  // namespace xent::mnist
