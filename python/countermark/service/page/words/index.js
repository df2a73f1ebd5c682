// The language of the page: the one chosen last, or the first that the browser asks for.

import { foreign } from "../elements.js";
import en from "./en.js";
import zh from "./zh.js";

const WORDS = { en, "zh-Hans": zh };
const FORMATS = { en: "en-GB", "zh-Hans": "zh-Hans" };
const STORED = "countermark.language";

let language = remembered() ?? wanted();

export function current() {
  return language;
}

export function choose(name) {
  if (!(name in WORDS)) return;
  language = name;
  try {
    localStorage.setItem(STORED, name);
  } catch {
    // A browser that stores nothing forgets the choice.
  }
}

export function has(key) {
  return key in WORDS[language];
}

// As plain text, for attributes and announcements.
export function text(key, values = {}) {
  return pieces(key, values).map(String).join("");
}

// As nodes, what is filled in set apart from the words around it.
export function say(key, values = {}) {
  return pieces(key, values, foreign);
}

function pieces(key, values, wrap = (value) => value) {
  return WORDS[language][key]
    .split(/(\{\w+\})/)
    .map((piece) => (/^\{\w+\}$/.test(piece) ? wrap(values[piece.slice(1, -1)]) : piece));
}

export function time(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return new Intl.DateTimeFormat(FORMATS[language], {
    dateStyle: "long", timeStyle: "short", timeZone: "UTC", hourCycle: "h23",
  }).format(at) + " UTC";
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(FORMATS[language], { maximumFractionDigits: digits }).format(value);
}

// A time of play, in minutes and seconds.
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

// A large number as one says it: 1 trillion.
export function roundly(value) {
  const options = { notation: "compact", compactDisplay: "long", maximumSignificantDigits: 2 };
  return new Intl.NumberFormat(FORMATS[language], options).format(value);
}

// The name that the service has for a trust list.
export function listName(name) {
  const own = /^your (.+)$/.exec(name ?? "");
  return own ? text("list.own", { name: own[1] }) : name;
}

function remembered() {
  try {
    const name = localStorage.getItem(STORED);
    return name in WORDS ? name : null;
  } catch {
    return null;
  }
}

function wanted() {
  const first = navigator.languages.find((name) => /^(en|zh)\b/i.test(name)) ?? "en";
  return first.toLowerCase().startsWith("zh") ? "zh-Hans" : "en";
}
