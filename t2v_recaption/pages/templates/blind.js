const work = JSON.parse(document.getElementById('work').dataset.work);
const at = id => document.getElementById(id);
const answers = new Map(Object.entries(work.answers).map(([number, choice]) => [Number(number), choice]));
const store = 't2v-blind-' + work.sheet;
let place = 0, began = Date.now(), failed = new Map();

if (!work.served) {
  try {
    for (const [number, choice] of JSON.parse(localStorage.getItem(store) || '[]')) answers.set(number, choice);
  } catch (error) { at('state').textContent = 'This browser keeps nothing: save the answers before you close the page.'; }
}

function fill(box, side) {
  box.replaceChildren();
  if (!work.clips) {
    const text = document.createElement('p');
    text.textContent = side;
    box.append(text);
    return;
  }
  const image = side.startsWith('data:image');
  const clip = document.createElement(image ? 'img' : 'video');
  if (!image) Object.assign(clip, {loop: true, muted: true, autoplay: true, controls: true, playsInline: true});
  clip.className = 'clip';
  clip.src = side;
  box.append(clip);
}

function show() {
  const pair = work.pairs[place];
  at('prompt').textContent = pair ? pair.prompt : 'All are judged. Thank you.';
  fill(at('left'), pair ? pair.left : '');
  fill(at('right'), pair ? pair.right : '');
  at('progress').textContent = pair ? (place + 1) + ' of ' + work.pairs.length + '.' : answers.size + ' judged.';
  for (const button of document.querySelectorAll('[data-choice]')) {
    button.disabled = !pair;
    button.setAttribute('aria-pressed', pair !== undefined && answers.get(pair.number) === button.dataset.choice);
  }
  at('back').disabled = place === 0;
  began = Date.now();
}

async function send(answer) {
  try {
    const reply = await fetch('answer', {method: 'POST', body: JSON.stringify(answer)});
    if (!reply.ok) throw new Error(reply.status);
    failed.delete(answer.number);
  } catch (error) { failed.set(answer.number, answer); }
  at('state').textContent = failed.size ? failed.size + ' answers are not saved: is the command still running?' : '';
}

function keep(answer) {
  if (work.served) {
    failed.set(answer.number, answer);
    for (const each of failed.values()) send(each);
    return;
  }
  try { localStorage.setItem(store, JSON.stringify([...answers])); } catch (error) { /* said above */ }
  at('state').textContent = answers.size + ' answers, to be saved as a file.';
}

function choose(choice) {
  const pair = work.pairs[place];
  if (!pair) return;
  answers.set(pair.number, choice);
  keep({number: pair.number, choice: choice, seconds: (Date.now() - began) / 1000});
  place += 1;
  show();
}

function back() {
  if (place > 0) { place -= 1; show(); }
}

function save() {
  const lines = [...answers].map(([number, choice]) => JSON.stringify({sheet: work.sheet, number: number, choice: choice}));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([lines.join('\n') + '\n'], {type: 'application/jsonl'}));
  link.download = 'answers.jsonl';
  link.click();
}

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const choices = {1: 'left', 2: 'right', 0: 'tie'};
  if (event.key in choices) choose(choices[event.key]);
  else if (event.key === 'ArrowLeft' || event.key === 'Backspace') back();
});
for (const button of document.querySelectorAll('[data-choice]')) button.addEventListener('click', () => choose(button.dataset.choice));
at('back').addEventListener('click', back);
at('save').addEventListener('click', save);
at('save').hidden = work.served;
place = work.pairs.findIndex(pair => !answers.has(pair.number));
if (place < 0) place = work.pairs.length;
show();
