const LIGHT = `--ground:#fbfaf7;--raised:#fff;--ink:#1c2730;--quiet:#55626c;--rule:#dcdfdd;--accent:#17606b;--bar:#2b7f8c;
--track:#d5e6e7;--lane:#7a86b8;--good:#1c6b43;--bad:#a82a20;--unsure:#7a5200;--tint-bad:#fbeeec;--tint-note:#f6f0e2`;
const DARK = `--ground:#12181d;--raised:#19222a;--ink:#e6eaec;--quiet:#a3afb8;--rule:#303b44;--accent:#7cc4cf;--bar:#4c9dab;
--track:#243f47;--lane:#8791c9;--good:#7fd0a2;--bad:#f2968c;--unsure:#e2bd6b;--tint-bad:#35201f;--tint-note:#2c281c`;

/** The page's only style sheet: light, dark and paper. Words carry the meaning; colours only repeat it. */
export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
.evidence,tbody th,dd,li,h1,p{overflow-wrap:anywhere}
tbody th{min-width:6rem}
.page{max-width:58rem;margin:0 auto;padding:1rem 1.25rem 3rem}
h1{font-size:clamp(1.6rem,5.2vw,2.6rem);line-height:1.15;letter-spacing:-.02em;font-weight:650;margin:.2em 0 .4em;text-wrap:balance}
h2{font-size:1.2rem;line-height:1.3;margin:0 0 .7rem;font-weight:650}
h3{font-size:.95rem;margin:1.4rem 0 .4rem;font-weight:650}
p,ul,ol,dl{margin:0 0 .8rem}
section{margin-top:2.6rem;border-top:1px solid var(--rule);padding-top:1.3rem}
ul{padding-left:1.2rem}li{margin-bottom:.35rem}
.quiet{color:var(--quiet);font-size:.9rem}
.kicker{color:var(--accent);font-size:.9rem;margin:0}
.masthead{font-size:.85rem;color:var(--quiet);display:flex;justify-content:space-between;gap:1rem;margin-bottom:2rem}
.notice{background:var(--tint-note);border-left:4px solid var(--unsure);padding:.7rem .9rem;border-radius:0 6px 6px 0;margin:1rem 0;font-size:.93rem}
.notice.bad{background:var(--tint-bad);border-color:var(--bad)}.notice p:last-child{margin:0}.notice p{margin-bottom:.3rem}
.figures-row{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:1px;background:var(--rule);border:1px solid var(--rule);border-radius:10px;overflow:hidden;margin:1.4rem 0 0}
.figures-row>div{background:var(--raised);padding:.85rem 1rem}
dt{font-size:.85rem;color:var(--quiet)}dd{margin:0}
.value{font-size:1.5rem;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
.outcome{font-size:.9rem;font-weight:650;white-space:nowrap}
.met{color:var(--good)}.missed,.not-reached{color:var(--bad)}.not-measured{color:var(--unsure)}
.source{font-size:.85rem;border:1px solid var(--rule);border-radius:99px;padding:.05rem .6rem;white-space:nowrap}
.source.estimated{border-style:dashed;border-color:var(--unsure);color:var(--unsure)}.source.not-measured{color:var(--unsure)}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.5rem .7rem .5rem 0;border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:0}
thead th{font-size:.8rem;color:var(--quiet);font-weight:500}
tbody th{font-weight:500}
table .quiet{font-size:inherit}small,table small.quiet{display:block;font-size:.92em;font-weight:400}
.result{white-space:nowrap}
.facts{display:grid;grid-template-columns:minmax(6.5rem,auto) 1fr;gap:.35rem 1.2rem;font-size:.93rem}
.picture{background:var(--raised);border:1px solid var(--rule);border-radius:10px;padding:14px 16px}
svg{display:block;overflow:visible;font-size:12.5px;font-family:inherit}
svg text{fill:var(--ink);paint-order:stroke;stroke:var(--raised);stroke-width:5px;stroke-linejoin:round}
svg .tick{fill:var(--quiet);font-size:11px}svg .figures{fill:var(--quiet);font-variant-numeric:tabular-nums}
svg .short{display:none}
.grid{stroke:var(--rule)}
.mark line{stroke:var(--accent);stroke-dasharray:2 4;opacity:.6}.mark circle{fill:var(--raised);stroke:var(--accent);stroke-width:1.5}
svg .mark text{fill:var(--accent);font-weight:650;font-size:11px;stroke:none}
.budget{fill:var(--track)}.step .bar{fill:var(--bar)}.lane .bar{fill:var(--lane)}
.step.failed .bar{fill:var(--bad)}svg .failed .label{fill:var(--bad)}
.over{fill:url(#hatch)}.over-ground{fill:var(--bad)}.over-line{fill:var(--tint-bad)}
.marks{list-style:none;padding:0;margin:.9rem 0 0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr));gap:.2rem 1rem;font-size:.92rem}
.letter{display:inline-block;min-width:1.1rem;color:var(--accent)}
footer{margin-top:3rem;border-top:1px solid var(--rule);padding-top:1rem}
@media (max-width:40rem){
.page{padding:.8rem .9rem 2rem}.figures-row{grid-template-columns:1fr 1fr}.figures-row>div{padding:.7rem .75rem}.value{font-size:1.25rem}
table{font-size:.84rem}th,td{padding-right:.45rem}.picture{padding:12px 13px}svg{font-size:12px}svg .short{display:inline}svg .full{display:none}.masthead{margin-bottom:1.2rem}
.outcome,.source{font-size:.84rem}td:not(.result)>.outcome{white-space:normal}.source{padding:.05rem .4rem}.facts{grid-template-columns:5.6rem 1fr;gap:.35rem .7rem}
}
@page{size:A4;margin:16mm 15mm}
@media print{
:root{color-scheme:light;${LIGHT};--ground:#fff}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
html{font-size:13px}body{font-size:1rem}.page{max-width:none;padding:0}h1{font-size:19pt}h2{font-size:12pt}.figures-row>div{padding:.5rem .7rem}.notice{margin:.6rem 0}
.masthead{margin-bottom:1rem}section{margin-top:1.5rem;padding-top:1rem}
tr,li,.notice,.figures-row,.picture,.facts>*{break-inside:avoid}h2,h3,thead{break-after:avoid}
.figures-row{grid-template-columns:repeat(4,1fr)}.value{font-size:14pt}
}
`;
