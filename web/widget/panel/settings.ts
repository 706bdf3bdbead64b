// What the inbox says about itself: read from the server, kept for the next page, and shown at once from what was kept. The
// company's other contacts are among it, for the day on which nothing else can be read.

import type { ApiProblem, Http } from 'client/http'
import type { EmergencyNotice, WidgetConfig } from 'client/types'
import { safeColor } from '../shared/color'
import { readNotice } from '../shared/contacts'
import type { Choices } from '../shared/protocol'
import type { Bridge } from './bridge'
import { chooseLocale } from './i18n'
import type { Memory } from './memory'
import type { Store } from './store'

export interface Settings {
  /** Shows what was kept, until the server has answered. */
  restore(): void
  load(): Promise<void>
  /** Reads again what is older than a minute. */
  refresh(): void
  /** Whether the server has ever answered. */
  known(): boolean
  choose(choices: Choices): void
  notice(notice: EmergencyNotice | undefined): void
  /** The panel has something to show, whatever it is. */
  ready(): void
}

const FRESH_MS = 60_000
const LONGEST_WAIT_MS = 60_000

export function createSettings(options: {
  key: string
  store: Store
  memory: Memory
  bridge: () => Bridge
  http: Http
  onLoaded: () => void
}): Settings {
  const { key, memory, http } = options
  const { get, set } = options.store
  let loadedAt = 0
  let tries = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let loading: Promise<void> | null = null
  let saidReady = false

  function apply(config: WidgetConfig): void {
    const locale = chooseLocale(get().choices.locale, config.locale, navigator.language)
    set({ config, locale, online: config.online, phase: 'ready', notice: readNotice(config.emergency) })
    look()
  }

  function look(): void {
    const { config, locale, notice } = get()
    if (!config) return
    const { position, color } = config
    options.bridge().send({
      type: 'look',
      look: { color: safeColor(color), position, locale, contacts: notice.contacts },
    })
    ready()
  }

  function ready(): void {
    if (saidReady) return
    saidReady = true
    options.bridge().send({ type: 'ready' })
  }

  function keep(config: WidgetConfig): void {
    memory.set('config', JSON.stringify(config))
  }

  async function ask(): Promise<void> {
    clearTimeout(timer)
    try {
      const config = await http.get<WidgetConfig>('/v1/widget/config', { key }, { auth: false })
      loadedAt = Date.now()
      tries = 0
      keep(config)
      apply(config)
      options.onLoaded()
    } catch (error) {
      const problem = error as ApiProblem
      if (!problem.transient) {
        memory.set('config', null)
        set({ phase: 'refused' })
        options.bridge().send({ type: 'refused', code: problem.code })
        return
      }
      options.bridge().send({ type: 'error', code: problem.code })
      const wait = Math.max((problem.retryAfter ?? 0) * 1000, Math.min(LONGEST_WAIT_MS, 2_000 * 2 ** tries++))
      timer = setTimeout(() => void load(), wait * (0.5 + Math.random() / 2))
    }
  }

  function load(): Promise<void> {
    loading ??= ask().finally(() => (loading = null))
    return loading
  }

  return {
    restore() {
      const kept = parse(memory.get('config'))
      // Whether anyone is online it cannot know.
      if (kept) apply({ ...kept, online: false })
    },
    load,
    refresh() {
      if (get().phase !== 'refused' && Date.now() - loadedAt > FRESH_MS) void load()
    },
    known: () => loadedAt > 0,
    choose(choices) {
      const { config } = get()
      set({ choices, locale: chooseLocale(choices.locale, config?.locale, navigator.language) })
      look()
    },
    notice(given) {
      if (!given) return
      const notice = readNotice(given)
      const { config } = get()
      if (config) keep({ ...config, emergency: notice })
      set({ notice, config: config && { ...config, emergency: notice } })
      look()
    },
    ready,
  }
}

function parse(text: string | null): WidgetConfig | null {
  try {
    return text ? (JSON.parse(text) as WidgetConfig) : null
  } catch {
    return null
  }
}
