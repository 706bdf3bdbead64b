// Any moment to wake a conversation at.
import '@mantine/dates/styles.layer.css'
import { Button, Stack } from '@mantine/core'
import { DatesProvider, DateTimePicker } from '@mantine/dates'
import dayjs from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

export default function SnoozePicker({ now, onPick }: { now: Date; onPick: (until: Date) => void }) {
  const { t, i18n } = useTranslation()
  const [picked, setPicked] = useState<string | null>(null)
  const tooSoon = !picked || !dayjs(picked).isAfter(now)
  return (
    <DatesProvider settings={{ locale: i18n.language === 'zh-CN' ? 'zh-cn' : 'en', firstDayOfWeek: 1 }}>
      <Stack gap="sm">
        <DateTimePicker
          label={t('snooze.until')}
          placeholder={t('snooze.placeholder')}
          value={picked}
          onChange={setPicked}
          minDate={now}
          valueFormat="YYYY-MM-DD HH:mm"
          popoverProps={{ withinPortal: false }}
          // The popover looked for something to focus before this had loaded.
          autoFocus
        />
        <Button size="xs" disabled={tooSoon} onClick={() => picked && onPick(dayjs(picked).toDate())}>
          {t('action.snooze')}
        </Button>
      </Stack>
    </DatesProvider>
  )
}
