const rows = [...document.querySelectorAll('tbody tr')], output = document.querySelector('output');
const inert = text => /^[=+\-@＝＋－＠\t\r\n']/.test(text) ? "'" + text : text;
const quote = text => /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
const count = () => {
  const kept = rows.filter(row => row.querySelector('input').checked).length;
  output.textContent = '保留 ' + kept + ' / ' + rows.length;
  rows.forEach(row => row.classList.toggle('dropped', !row.querySelector('input').checked));
};
document.querySelector('tbody').addEventListener('change', count);
document.querySelector('button').addEventListener('click', () => {
  const head = [...document.querySelectorAll('thead th')].map(th => th.dataset.column);
  const lines = rows.map(row => [...row.cells].map(cell => cell.querySelector('input')
    ? (cell.firstChild.checked ? '1' : '') : quote(inert(cell.textContent.trim()))).join(','));
  const link = document.createElement('a');
  const text = '\ufeff' + [head.join(','), ...lines].join('\n') + '\n';
  link.href = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
  link.download = '审阅.csv';
  link.click();
});
count();
