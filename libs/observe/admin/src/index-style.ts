/** The style sheet of the index page. Light and dark by the reader's own setting. */
export const INDEX_STYLE = `
:root{color-scheme:light dark;
--page:light-dark(#f5f6fa,#14161d);--card:light-dark(#fff,#1d2029);--line:light-dark(#e3e6ef,#2c313e);
--ink:light-dark(#1c2030,#e6e9f2);--soft:light-dark(#596078,#9aa2b8);--accent:light-dark(#3b5bdb,#8ea4ff);
--field:light-dark(#fbfbfe,#171a22);--post:light-dark(#a34a00,#ffb870);--post-back:light-dark(#fff1e2,#3a2a18)}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2rem;display:flex;flex-wrap:wrap;gap:1rem 2.5rem;align-items:center;justify-content:space-between}
.brand{display:flex;align-items:center;gap:.75rem}
h1{font-size:1.4rem;margin:0;letter-spacing:-.01em;overflow-wrap:anywhere}
.state{font-size:.75rem;font-weight:650;letter-spacing:.04em;padding:.15rem .6rem;border-radius:1rem;background:light-dark(#fde8e8,#4a1d22);color:light-dark(#a61b2b,#ffa3ad)}
.state.live{background:light-dark(#dcf5e4,#16391f);color:light-dark(#17662e,#86e2a0)}
dl{display:flex;flex-wrap:wrap;gap:.5rem 2rem;margin:0}
dt{color:var(--soft);font-size:.75rem}
dd{margin:0;font-variant-numeric:tabular-nums}
h2{font-size:.8rem;font-weight:650;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin:2rem 0 .6rem}
ul{list-style:none;margin:0;padding:0;background:var(--card);border:1px solid var(--line);border-radius:.75rem;overflow:hidden}
li{display:flex;flex-wrap:wrap;gap:.6rem 2rem;align-items:center;justify-content:space-between;padding:.8rem 1.1rem}
li+li{border-top:1px solid var(--line)}
.what{flex:1 1 13rem;min-width:0}
.what p{margin:0;color:var(--soft);font-size:.875rem}
.path{font:600 .95rem/1.4 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;color:var(--ink)}
a{color:var(--accent)}
a.path{color:var(--accent);text-decoration:none}
a.path:hover{text-decoration:underline}
.verb{margin-left:.6rem;font-size:.65rem;font-weight:700;letter-spacing:.05em;padding:.1rem .4rem;border-radius:.3rem;background:var(--post-back);color:var(--post);vertical-align:.1em}
form{display:flex;flex-wrap:wrap;gap:.5rem .7rem;align-items:end;justify-content:flex-end;flex:0 1 auto;max-width:52rem;margin:0}
label{display:flex;flex-direction:column;gap:.15rem;font-size:.72rem;color:var(--soft)}
label.flag{flex-direction:row;align-items:center;gap:.35rem;font-size:.82rem;height:2rem}
input:not([type=checkbox]),select{height:2rem;width:8.5rem;padding:0 .5rem;font:inherit;font-size:.85rem;color:var(--ink);background:var(--field);border:1px solid var(--line);border-radius:.4rem}
::placeholder{color:var(--soft);opacity:.6}
select{width:auto;min-width:6rem}
input[type=checkbox]{accent-color:var(--accent);margin:0}
button{height:2rem;padding:0 .9rem;font:inherit;font-size:.85rem;font-weight:600;color:var(--accent);background:transparent;border:1px solid var(--line);border-radius:.4rem;cursor:pointer}
button:hover{border-color:var(--accent)}
form[method=post] button{color:var(--post)}
form[method=post] button:hover{border-color:var(--post)}
button.danger,form[method=post] button.danger{color:light-dark(#b3182b,#ff9aa5)}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
code{font:.8rem ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;color:var(--soft);line-height:2rem}
footer{padding-top:1.5rem;padding-bottom:2.5rem;color:var(--soft);font-size:.85rem}
@media (max-width:40rem){form{justify-content:flex-start}header{padding-top:1.25rem}}
`;
