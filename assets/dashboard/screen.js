// An agent's terminal, drawn from rows of styled runs.
import { fill, h, visible } from "./dom.js";

const BOLD = 1, DIM = 2, ITALIC = 4, UNDERLINE = 0b11111 << 3, INVERSE = 1 << 9, HIDDEN = 1 << 10, STRIKE = 1 << 11;

/** One of 256: the first sixteen follow the page's own palette. */
function paint(element, side, colour) {
  if (colour === null || colour === undefined) return;
  if (typeof colour === "string") {
    element.style[side === "f" ? "color" : "backgroundColor"] = colour;
  } else if (colour < 16) {
    element.classList.add(side + colour);
  } else {
    element.style[side === "f" ? "color" : "backgroundColor"] = indexed(colour);
  }
}

function indexed(colour) {
  if (colour >= 232) {
    const grey = 8 + (colour - 232) * 10;
    return `rgb(${grey},${grey},${grey})`;
  }
  const cube = [0, 95, 135, 175, 215, 255], n = colour - 16;
  return `rgb(${cube[Math.floor(n / 36)]},${cube[Math.floor(n / 6) % 6]},${cube[n % 6]})`;
}

function run([text, style]) {
  if (!style) return document.createTextNode(visible(text));
  const [fg, bg, attrs] = style;
  const element = h("span", null, text);
  const inverse = attrs & INVERSE;
  if (inverse) element.classList.add("inv");
  paint(element, inverse ? "b" : "f", fg);
  paint(element, inverse ? "f" : "b", bg);
  if (attrs & BOLD) element.classList.add("b");
  if (attrs & DIM) element.classList.add("d");
  if (attrs & ITALIC) element.classList.add("i");
  if (attrs & UNDERLINE) element.classList.add("u");
  if (attrs & STRIKE) element.classList.add("st");
  if (attrs & HIDDEN) element.classList.add("hid");
  return element;
}

/** Draws `screen` into `place`, row by row; rows that did not change stay as they are. */
export function draw(place, screen) {
  // What is below the last line with something on it is left out, so that what one can do is near.
  let last = Math.max(11, screen.cursor ? screen.cursor[1] : 0);
  screen.rows.forEach((row, index) => { if (row.some(([text]) => text.trim())) last = Math.max(last, index); });
  const rows = screen.rows.slice(0, last + 1);
  place.querySelector(".cursor")?.remove();
  while (place.children.length > rows.length) place.lastChild.remove();
  rows.forEach((row, index) => {
    const key = JSON.stringify(row);
    let line = place.children[index];
    if (!line) {
      line = h("div.row");
      place.append(line);
    }
    if (line.dataset.key !== key) {
      line.dataset.key = key;
      fill(line, row.length ? row.map(run) : "\u00a0");
    }
  });
  place.style.setProperty("--cols", screen.cols);
  if (screen.cursor) {
    const cursor = h("span.cursor", { "aria-hidden": "true" });
    cursor.style.left = `calc(var(--pad) + ${screen.cursor[0]}ch)`;
    cursor.style.top = `calc(var(--pad) + ${screen.cursor[1]} * 1.32em)`;
    place.append(cursor);
  }
}
