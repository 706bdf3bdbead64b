// When a snoozed conversation may come back. In the agent's own time zone, at hours when somebody works.
import dayjs from 'dayjs'

export interface SnoozePreset {
  id: 'one_hour' | 'later_today' | 'tomorrow' | 'next_week'
  until: Date
}

const MORNING = 9

export function snoozePresets(now: Date): SnoozePreset[] {
  const at = dayjs(now)
  const morning = (day: dayjs.Dayjs) => day.hour(MORNING).startOf('hour').toDate()
  const monday = at.add((8 - at.day()) % 7 || 7, 'day')
  const presets: SnoozePreset[] = [{ id: 'one_hour', until: at.add(1, 'hour').toDate() }]
  // "Later today" late in the evening would be tomorrow.
  if (at.hour() < 18) presets.push({ id: 'later_today', until: at.add(3, 'hour').startOf('minute').toDate() })
  presets.push({ id: 'tomorrow', until: morning(at.add(1, 'day')) })
  presets.push({ id: 'next_week', until: morning(monday) })
  return presets
}
