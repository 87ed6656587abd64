// The page's style and script. Nothing is fetched: system fonts, colours by variables, one script
// that only shows the tooltips; without it the page says everything else.
#include "html.h"

namespace ringway::bench {

namespace {

constexpr std::string_view style = R"css(
:root{--bg:#f5f6f8;--card:#fff;--text:#171a1f;--muted:#626b78;--rule:#e2e5ea;--rule-strong:#c3c9d2;
--s1:#2a6fdb;--s2:#e0702d;--s3:#1a9e77;--s4:#8a56c9;--s5:#b58a00;--s6:#d3373f;--s7:#0f93a8;
--s8:#c64f93;--low:#93b8f0;--high:#12448f;--good:#14805e;--good-bg:#ddf3ea;--bad:#b4232c;
--bad-bg:#fde6e6;--warn:#8a5a00;--warn-bg:#fdf0d0;--note:#3a5a86;--note-bg:#e6eefa;
--shadow:0 1px 2px rgba(20,25,35,.06),0 1px 8px rgba(20,25,35,.04)}
@media (prefers-color-scheme:dark){:root{--bg:#0e1116;--card:#161b22;--text:#e6e9ee;--muted:#98a2af;
--rule:#272e38;--rule-strong:#46505e;--s1:#5b9bff;--s2:#f08c4f;--s3:#3cc797;--s4:#b389ec;
--s5:#d9ae2b;--s6:#f2656c;--s7:#43bfd2;--s8:#e880b8;--low:#3d66a8;--high:#8ab8ff;--good:#5fd3a8;
--good-bg:#12332a;--bad:#ff8b8f;--bad-bg:#3d1b1f;--warn:#f0c05a;--warn-bg:#3a2d10;--note:#9dc0f5;
--note-bg:#1b2a42;--shadow:none}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);line-height:1.45;
font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif}
main{max-width:1320px;margin:0 auto;padding:28px 24px 56px}
header{display:flex;gap:24px;align-items:flex-end;justify-content:space-between;flex-wrap:wrap;
margin-bottom:20px}
h1{font-size:26px;line-height:1.2;margin:2px 0 4px;overflow-wrap:anywhere;letter-spacing:-.01em}
h2{font-size:15px;margin:0 0 12px;font-weight:650}
h2.section{grid-column:1/-1;margin:18px 0 -4px;font-size:18px;text-transform:capitalize}
p{margin:0}
.kind{color:var(--s1);font-weight:650;font-size:13px;letter-spacing:.02em}
.muted,small{color:var(--muted)}
.muted{font-size:13.5px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(138px,1fr));gap:12px;
margin-bottom:16px}
.tile,.card{background:var(--card);border:1px solid var(--rule);border-radius:10px;
box-shadow:var(--shadow)}
.tile{padding:13px 14px 12px;display:flex;flex-direction:column;gap:1px;min-width:0}
.tile span{font-size:12.5px;color:var(--muted)}
.tile b{font-size:22px;font-weight:650;letter-spacing:-.02em;white-space:nowrap;
font-variant-numeric:tabular-nums}
.tile small{font-size:12.5px;min-height:1.3em}
.tile.good b{color:var(--good)}.tile.bad b,span.bad{color:var(--bad)}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px}
.card{padding:18px 20px;min-width:0}
.wide{grid-column:1/-1}
@media (max-width:900px){.grid{grid-template-columns:minmax(0,1fr)}main{padding:18px 14px 40px}}
figure{margin:0}
figure+figure{margin-top:16px}
figcaption{font-weight:650;display:flex;justify-content:space-between;gap:12px;align-items:baseline;
flex-wrap:wrap;margin-bottom:4px}
figcaption small{font-weight:400;font-size:12.5px}
.legend{display:flex;gap:4px 14px;flex-wrap:wrap;font-size:12.5px;color:var(--muted)}
.legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px;
vertical-align:-1px}
.scroll{overflow-x:auto}
svg{display:block;width:100%;height:auto;font-size:11.5px}
svg text{fill:var(--muted);font-variant-numeric:tabular-nums}
svg .gridline{stroke:var(--rule);stroke-width:1}
svg .axis{stroke:var(--rule-strong);stroke-width:1}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .dashed{stroke-dasharray:2 5}
svg .area{opacity:.1;stroke:none}
svg circle{stroke:var(--card);stroke-width:1.5}
svg .mark{stroke:var(--rule-strong);stroke-dasharray:3 3}
svg .mark.strong{stroke:var(--s6)}
svg .mark-text{font-size:10.5px}
svg .mark-text.strong{fill:var(--s6);font-weight:650}
svg .dot-text{font-size:10.5px}
svg .row-name{fill:var(--text);font-weight:600}
svg .row-text{fill:var(--text)}
svg .span{stroke:var(--rule-strong);stroke-width:4;stroke-linecap:round}
svg .cross{stroke:var(--muted);stroke-width:1;pointer-events:none}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:6px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
th{font-weight:600}
thead th{color:var(--muted);font-weight:500;font-size:12.5px}
th:first-child{text-align:left;padding-left:0}
td:last-child,thead th:last-child{padding-right:0}
tbody tr:last-child>*{border-bottom:0}
.figures{width:auto}
.figures td,.figures th{text-align:left}
.figures .value{font-weight:650;text-align:right}
.figures .note{white-space:normal;color:var(--muted);min-width:180px}
.heat td{background:color-mix(in oklab,var(--s1) var(--heat,0%),var(--card));text-align:center;
border:2px solid var(--card);border-radius:6px}
.heat thead th{text-align:center}
.costs tr>:last-child{text-align:left}
.bars{display:grid;grid-template-columns:max-content minmax(80px,1fr) max-content;gap:7px 14px;
font-size:13px;align-items:center}
.bars b{display:block;height:12px;border-radius:6px;background:var(--s1)}
.bullet{position:relative;width:150px;height:10px;border-radius:5px;background:var(--rule);
overflow:hidden}
.bullet b{position:absolute;inset:0 auto 0 0;border-radius:5px}
.bullet.good b{background:var(--s3)}.bullet.bad b{background:var(--s6)}
.bullet i{position:absolute;top:0;bottom:0;width:2px;background:var(--text)}
.bullet i.strict{background:var(--muted)}
.pill{display:inline-block;border-radius:99px;padding:1px 9px;font-size:12px;font-weight:600;
background:var(--note-bg);color:var(--note)}
.pill.good{background:var(--good-bg);color:var(--good)}
.pill.bad,.pill.critical{background:var(--bad-bg);color:var(--bad)}
.pill.warning{background:var(--warn-bg);color:var(--warn)}
.verdict .pill{font-size:13.5px;padding:4px 13px}
.findings{margin:0;padding:0;list-style:none;display:grid;gap:8px}
.findings .pill{min-width:70px;text-align:center;margin-right:6px}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:12.5px}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--bg);padding:12px 14px;
border-radius:8px}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:5px 18px;margin:0;
font-size:13px}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
#tip{position:fixed;z-index:9;pointer-events:none;background:var(--card);color:var(--text);
border:1px solid var(--rule-strong);border-radius:8px;padding:7px 11px;font-size:12.5px;
box-shadow:0 4px 16px rgba(0,0,0,.18);font-variant-numeric:tabular-nums;max-width:320px}
#tip div{display:flex;gap:14px;justify-content:space-between}
#tip i{display:inline-block;width:9px;height:9px;border-radius:3px;margin-right:6px}
#tip strong{display:block;margin-bottom:2px}
@media print{body{background:#fff}.card,.tile{box-shadow:none;break-inside:avoid}}
)css";

constexpr std::string_view script = R"js(
'use strict';
(function(){
const tip=document.getElementById('tip');
const make=(name,text)=>{const e=document.createElement(name);
if(text!==undefined)e.textContent=text;
return e;};
for(const svg of document.querySelectorAll('svg[data-points]')){
const series=JSON.parse(svg.dataset.points);
const cross=document.createElementNS('http://www.w3.org/2000/svg','line');
cross.setAttribute('class','cross');
cross.setAttribute('y1',svg.dataset.top);cross.setAttribute('y2',svg.dataset.floor);
const hide=()=>{tip.hidden=true;cross.remove();};
const show=(event)=>{
const box=svg.getBoundingClientRect();
const scale=svg.viewBox.baseVal.width/box.width;
const at=(event.clientX-box.left)*scale;
let best=null;
for(const s of series)for(const p of s.p)
if(best===null||Math.abs(p[0]-at)<Math.abs(best[0]-at))best=p;
if(best===null)return;
cross.setAttribute('x1',best[0]);cross.setAttribute('x2',best[0]);
svg.appendChild(cross);
tip.replaceChildren(make('strong',best[2]));
for(const s of series){
const p=s.p.find((q)=>Math.abs(q[0]-best[0])<0.6);
if(!p)continue;
const row=make('div');const name=make('span',s.n);const dot=make('i');
dot.style.background=s.c;name.prepend(dot);
row.append(name,make('b',p[3]));tip.append(row);}
tip.hidden=false;
const x=box.left+best[0]/scale;
const right=x+16+tip.offsetWidth>innerWidth;
tip.style.left=(right?x-12-tip.offsetWidth:x+12)+'px';
tip.style.top=Math.max(8,Math.min(event.clientY+14,innerHeight-tip.offsetHeight-8))+'px';};
svg.addEventListener('pointermove',show);
svg.addEventListener('pointerdown',show);
svg.addEventListener('pointerleave',hide);}
})();
)js";

}  // namespace

std::string_view page_style() { return style; }

std::string_view page_script() { return script; }

}  // namespace ringway::bench
