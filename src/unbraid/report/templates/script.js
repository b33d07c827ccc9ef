(()=>{
const root=document.documentElement,all=(s,at=document)=>[...at.querySelectorAll(s)];
const button=document.createElement("button");button.className="theme";button.type="button";
const dark=()=>root.dataset.theme?root.dataset.theme==="dark":matchMedia("(prefers-color-scheme:dark)").matches;
const say=()=>{button.textContent=dark()?"Light":"Dark";button.setAttribute("aria-label","Switch to "+button.textContent.toLowerCase()+" colours")};
try{const kept=localStorage.getItem("unbraid-theme");if(kept)root.dataset.theme=kept}catch{}
button.onclick=()=>{root.dataset.theme=dark()?"light":"dark";try{localStorage.setItem("unbraid-theme",root.dataset.theme)}catch{}say()};
say();document.querySelector(".bar").append(button);
for(const table of all("table[data-sortable]")){
const body=table.tBodies[0],first=[...body.rows];
all("th",table).forEach((head,column)=>{
const b=document.createElement("button");b.type="button";b.append(...head.childNodes);head.append(b);
b.onclick=()=>{const now=head.getAttribute("aria-sort"),next=now==="descending"?"ascending":now==="ascending"?"":"descending";
all("th",table).forEach(h=>h.removeAttribute("aria-sort"));if(next)head.setAttribute("aria-sort",next);
const key=r=>r.cells[column].dataset.sort,sign=next==="ascending"?1:-1;
body.append(...(next?[...first].sort((a,b)=>{const p=key(a),q=key(b);if(p===""||q==="")return(p==="")-(q==="");
const d=head.classList.contains("num")?p-q:p.localeCompare(q);return sign*d}):first))}});
if("filter"in table.dataset){const box=document.createElement("input");box.type="search";box.className="filter";box.placeholder="Filter "+first.length+" rows";
box.setAttribute("aria-label","Filter rows");table.closest(".scroll").before(box);
box.oninput=()=>{const words=box.value.toLowerCase().split(/\s+/);for(const r of first){const t=r.textContent.toLowerCase();r.hidden=!words.every(w=>t.includes(w))}}}}
for(const box of all(".scroll")){const mark=()=>{const wide=box.scrollWidth>box.clientWidth+1;
box.classList.toggle("wide",wide);box.classList.toggle("end",box.scrollLeft+box.clientWidth>=box.scrollWidth-1)};
box.addEventListener("scroll",mark,{passive:true});new ResizeObserver(mark).observe(box)}
const tip=document.getElementById("tip");
for(const t of all("svg title")){const at=t.parentNode;if(at.tagName!=="svg")at.dataset.tip=t.textContent;t.remove()}
const show=e=>{const at=e.target.closest&&e.target.closest("[data-tip]");tip.hidden=!at;if(!at)return;
tip.textContent=at.dataset.tip;const w=tip.offsetWidth,h=tip.offsetHeight;
tip.style.left=Math.max(8,Math.min(e.clientX+14,innerWidth-w-8))+"px";tip.style.top=(e.clientY+18+h>innerHeight?e.clientY-h-12:e.clientY+18)+"px"};
addEventListener("pointermove",show);addEventListener("pointerdown",show);addEventListener("scroll",()=>{tip.hidden=true},{passive:true});
const links=all(".toc a"),spots=links.map(a=>document.querySelector(a.getAttribute("href")==="#top"?".verdict":a.getAttribute("href")));
const mark=()=>{let n=0;spots.forEach((s,i)=>{if(s.getBoundingClientRect().top<160)n=i});
if(innerHeight+scrollY>=root.scrollHeight-4&&scrollY>0)n=spots.length-1;links.forEach((a,i)=>a.classList.toggle("here",i===n))};
addEventListener("scroll",mark,{passive:true});mark();
addEventListener("beforeprint",()=>all("details:not(.quiet)").forEach(d=>{d.open=true}));
})();
