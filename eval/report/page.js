for (const table of document.querySelectorAll('table[data-sorts]')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstChild.addEventListener('click', () => {
    const down = head.getAttribute('aria-sort') !== 'descending';
    heads.forEach(each => each.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const key = row => row.cells[column].dataset.v ?? row.cells[column].textContent;
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === '-' || y === '-') return (x === '-') - (y === '-') || 0;
      const order = isNaN(x) || isNaN(y) ? x.localeCompare(y, 'zh') : x - y;
      return down ? -order : order;
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
  }));
}
for (const box of document.querySelectorAll('[data-filters]')) {
  const input = box.querySelector('input'), buttons = [...box.querySelectorAll('button')];
  const count = box.querySelector('output');
  const items = [...document.querySelectorAll(box.dataset.filters)];
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = buttons.find(each => each.getAttribute('aria-pressed') === 'true')?.value ?? '';
    let shown = 0;
    for (const item of items) {
      const text = item.textContent.toLowerCase();
      item.hidden = (kind && item.dataset.kind !== kind) || !words.every(word => text.includes(word));
      shown += !item.hidden;
    }
    count.textContent = shown + ' / ' + items.length;
  };
  input.addEventListener('input', apply);
  buttons.forEach(button => button.addEventListener('click', () => {
    const pressed = button.getAttribute('aria-pressed') === 'true';
    buttons.forEach(each => each.setAttribute('aria-pressed', 'false'));
    button.setAttribute('aria-pressed', String(!pressed));
    apply();
  }));
  apply();
}
