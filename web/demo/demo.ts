// The shop's script: its language, its shelves, and the chat put on the page exactly as a customer would.

import './demo.css'
import { goods, words, type Good, type Language, type Word } from './words'

type Chat = ((...call: unknown[]) => void) & { q?: unknown[][] }

declare global {
  interface Window {
    frontdesk?: Chat
  }
}

const SVG = 'http://www.w3.org/2000/svg'
const ART: Record<Good['art'], string> = {
  leaf: 'M60 112C20 92 22 44 60 14c38 30 40 78 0 98ZM60 112V44M60 92 40 74M60 74l18-18',
  ball: 'M60 24c28 0 44 18 44 40S84 104 60 104 16 86 16 64s16-40 44-40ZM36 50c14-14 34-14 48 0M32 70c18-12 40-12 56 0M42 90c12-8 24-8 36 0',
  flower:
    'M60 56c-6-22-2-34 0-38 2 4 6 16 0 38Zm4 6c20-12 32-12 36-12-2 4-12 14-36 12Zm-8 0c-20-12-32-12-36-12 2 4 12 14 36 12Zm6 6c16 16 18 28 18 32-4-2-16-10-18-32Zm-4 0c-16 16-18 28-18 32 4-2 16-10 18-32Z',
  cup: 'M22 40h60v22c0 24-14 40-26 40h-8c-12 0-26-16-26-40Zm60 8h8c10 0 14 6 14 14s-6 16-18 16h-6',
  bowl: 'M14 46h92c0 32-20 54-36 54H50c-16 0-36-22-36-54Zm34 54h24v8H48Z',
  pot: 'M30 54c0-12 12-20 30-20s30 8 30 20v22c0 16-12 26-30 26s-30-10-30-26Zm60 6c14-2 18 4 18 10s-6 14-18 12M30 64 10 48M52 34c0-10 16-10 16 0',
}

let language: Language = initialLanguage()
const chat: Chat = (window.frontdesk ??= Object.assign(
  (...call: unknown[]) => void (((window.frontdesk as Chat).q ??= []) as unknown[][]).push(call),
  {},
))
const say = (...call: unknown[]) => (window.frontdesk ?? chat)(...call)
const word = (name: Word) => words[language][name]

function initialLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang')
  return /^zh\b/i.test(asked ?? navigator.language) ? 'zh-CN' : 'en'
}

function speak(): void {
  document.documentElement.lang = language
  document.title = word('title')
  for (const element of document.querySelectorAll<HTMLElement>('[data-t]'))
    element.textContent = word(element.dataset['t'] as Word)
  for (const element of document.querySelectorAll('[data-label]'))
    element.setAttribute('aria-label', word('sceneLabel'))
  const button = document.querySelector<HTMLButtonElement>('#language')!
  button.textContent = word('language')
  button.lang = language === 'en' ? 'zh-CN' : 'en'
  for (const shelf of document.querySelectorAll<HTMLElement>('[data-goods]')) {
    shelf.replaceChildren(...goods[shelf.dataset['goods'] as keyof typeof goods].map(card))
  }
}

function make(tag: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}

function card(good: Good): HTMLElement {
  const article = make('article', 'good')
  article.style.setProperty('--tint', good.tint)
  const art = document.createElementNS(SVG, 'svg')
  art.setAttribute('viewBox', '0 0 120 120')
  art.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', ART[good.art])
  art.append(path)
  const frame = make('div', 'art')
  frame.append(art)
  const ask = make('button', 'quiet', word('question'))
  ask.setAttribute('aria-label', `${word('question')}: ${good.name[language]}`)
  ask.addEventListener('click', () => say('newMessage', word('about').replace('{name}', good.name[language])))
  const row = make('p', 'row')
  row.append(make('span', 'price', good.price[language]), ask)
  article.append(frame, make('h3', '', good.name[language]), make('p', 'text', good.text[language]), row)
  return article
}

function loadChat(): void {
  const key = new URLSearchParams(location.search).get('key')
  if (!key) {
    const note = document.querySelector<HTMLElement>('#key-note')!
    note.dataset['t'] = 'noKey'
    note.hidden = false
    return
  }
  const script = document.createElement('script')
  script.async = true
  script.src = '/widget.js'
  script.dataset['key'] = key
  document.head.append(script)
}

loadChat()
speak()
document.querySelector('#language')!.addEventListener('click', () => {
  language = language === 'en' ? 'zh-CN' : 'en'
  speak()
  say('setLocale', language)
})
document.querySelector('#ask')!.addEventListener('click', () => say('open'))
document.querySelector('#reserve')!.addEventListener('click', () => say('newMessage', `${word('table')} `))
