// Options come from strangers' pages: every spelling people use works, everything unusable is left out.
import { describe, expect, it } from 'vitest'
import { createEmitter } from './emitter'
import { readOptions } from './options'

describe('options', () => {
  it('reads data attributes and both spellings', () => {
    const tag = { key: 'ik_1a2b', hideLauncher: '', autoStart: 'false', locale: 'zh', side: '32', theme: 'dark' }
    expect(readOptions(tag)).toEqual({
      key: 'ik_1a2b',
      hideLauncher: true,
      autoStart: false,
      locale: 'zh-CN',
      side: 32,
      theme: 'dark',
    })
    expect(readOptions({ hide_launcher: true, auto_start: false })).toEqual({ hideLauncher: true, autoStart: false })
  })

  it('leaves out what it cannot use', () => {
    for (const bad of [null, 'x', 7, [], undefined]) expect(readOptions(bad)).toEqual({})
    const odd = {
      key: 'a b<c>',
      position: 'top',
      locale: 'klingon',
      theme: 'pink',
      side: 'wide',
      hideLauncher: 'maybe',
    }
    expect(readOptions(odd)).toEqual({})
    for (const server of ['desk', 'javascript:alert(1)', '', 7, {}]) expect(readOptions({ server })).toEqual({})
    expect(readOptions({ server: 'https://desk.test/widget.js' })).toEqual({ server: 'https://desk.test' })
    expect(readOptions({ side: -20, bottom: 9000 })).toEqual({ side: 0, bottom: 400 })
  })
})

describe('events', () => {
  it('reach listeners until they are taken off, and only known names', () => {
    const heard: unknown[] = []
    const listener = (detail: unknown) => heard.push(detail)
    const emitter = createEmitter()
    emitter.on('unread', listener)
    emitter.on('unread', 'not a function')
    emitter.on('nonsense', listener)
    emitter.emit('unread', 2)
    emitter.off('unread', listener)
    emitter.emit('unread', 3)
    expect(heard).toEqual([2])
  })
})
