// Tabs as the ARIA Authoring Practices have them: one stop for Tab, arrows go from one to the next.

/**
 * Makes tabs of these names in `list`; `chosen` hears which one is, and its number. With `shown`, the
 * panel shows that one already, and another takes its time: it wants a press, not an arrow.
 */
export function tabs(list, panel, names, chosen, shown) {
  const all = names.map((name) => {
    const tab = document.createElement('button');
    tab.type = 'button';
    tab.id = `tab-${name}`;
    tab.textContent = name;
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', panel.id);
    tab.addEventListener('click', () => choose(tab));
    return tab;
  });
  const choose = (tab) => {
    mark(tab);
    chosen(tab.textContent, all.indexOf(tab));
  };
  const mark = (tab) => {
    for (const each of all) {
      each.setAttribute('aria-selected', String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
    }
    panel.setAttribute('aria-labelledby', tab.id);
  };
  list.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const at = all.indexOf(document.activeElement) + step;
    const next = all.at(at % all.length);
    next.focus();
    if (shown === undefined) choose(next);
  });
  list.append(...all);
  if (shown === undefined) choose(all[0]);
  else mark(all[shown]);
}
