"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  for (const e of document.querySelectorAll(".scripted")) e.hidden = false;

  // Light and dark: what the system says until the reader chooses.
  const theme = $("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const label = () => { theme.textContent = isDark() ? "Light" : "Dark"; theme.setAttribute("aria-label", theme.textContent + " colours"); };
  try { const kept = localStorage.getItem("kpspec-theme"); if (kept) root.dataset.theme = kept; } catch { /* a file may not keep anything */ }
  theme.hidden = false;
  label();
  dark.addEventListener("change", label);
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("kpspec-theme", root.dataset.theme); } catch { /* likewise */ }
    label();
  });

  // Search and filters.
  const rules = [...document.querySelectorAll(".rule")];
  const texts = new Map();
  const textOf = (rule) => {
    if (!texts.has(rule)) texts.set(rule, rule.textContent.toLowerCase());
    return texts.get(rule);
  };
  const chips = [...document.querySelectorAll(".chip")];
  const cells = [...document.querySelectorAll(".cell")];
  const search = $("search"), level = $("level"), operation = $("operation"), group = $("group");

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = chips.filter((c) => c.getAttribute("aria-pressed") === "true").map((c) => c.dataset.v);
    let shown = 0;
    for (const rule of rules) {
      const d = rule.dataset;
      const on = (!verdicts.length || verdicts.includes(d.v)) && (!level.value || d.l === level.value) &&
        (!operation.value || d.o === operation.value) && (!group.value || d.g === group.value) &&
        words.every((w) => textOf(rule).includes(w));
      rule.hidden = !on;
      if (on) shown++;
    }
    for (const c of cells) c.toggleAttribute("aria-current", c.dataset.o === operation.value && c.dataset.g === group.value);
    const filtered = words.length || verdicts.length || level.value || operation.value || group.value;
    $("showing").textContent = shown === rules.length ? "All " + rules.length + " rules" : shown + " of " + rules.length + " rules";
    $("clear").hidden = !filtered;
    $("none").hidden = shown > 0 || !rules.length;
    document.querySelector(".list").hidden = !shown && rules.length > 0;
    fold();
  };
  const visible = () => rules.filter((r) => !r.hidden);
  const fold = () => { $("unfold").textContent = visible().some((r) => !r.open) || !visible().length ? "Open all" : "Close all"; };
  const clear = () => {
    search.value = level.value = operation.value = group.value = "";
    for (const c of chips) c.setAttribute("aria-pressed", "false");
    apply();
  };
  const toRules = () => { $("rules").scrollIntoView(); $("rules").focus({ preventScroll: true }); };

  search.addEventListener("input", apply);
  for (const s of [level, operation, group]) s.addEventListener("change", apply);
  for (const c of chips) c.addEventListener("click", () => { c.setAttribute("aria-pressed", String(c.getAttribute("aria-pressed") !== "true")); apply(); });
  for (const c of cells) c.addEventListener("click", () => {
    const again = c.hasAttribute("aria-current");
    clear();
    if (again) return;
    operation.value = c.dataset.o;
    group.value = c.dataset.g;
    apply();
    toRules();
  });
  document.querySelector(".filters").addEventListener("submit", (e) => e.preventDefault());
  $("clear").addEventListener("click", () => { clear(); search.focus(); });
  $("again").addEventListener("click", () => { clear(); search.focus(); });
  $("unfold").addEventListener("click", () => {
    const open = visible().some((r) => !r.open);
    for (const r of visible()) r.open = open;
    fold();
  });
  for (const r of rules) r.addEventListener("toggle", () => {
    fold();
    // A rule with one spec to explain shows the exchange that tells most.
    const telling = r.querySelectorAll("[data-telling]");
    if (r.open && telling.length === 1) telling[0].open = true;
  });
  // "/" goes to the search when it is released, so that it is not typed there.
  const toSearch = (e) => e.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) && !e.ctrlKey && !e.metaKey && !e.altKey;
  document.addEventListener("keydown", (e) => {
    if (toSearch(e)) e.preventDefault();
    if (e.key === "Escape" && e.target === search) clear();
  });
  document.addEventListener("keyup", (e) => { if (toSearch(e)) search.focus(); });

  // A link to a rule opens it, whatever the filters say.
  const follow = () => {
    const rule = rules.find((r) => "#" + r.id === decodeURIComponent(location.hash));
    if (!rule) return;
    if (rule.hidden) clear();
    rule.open = true;
    rule.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => { for (const r of document.querySelectorAll(".rule.failed")) r.open = true; });
  apply();
  follow();
})();
