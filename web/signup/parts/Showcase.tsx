// What one signs up for, as a small scene: a visitor asks, an agent answers, the visitor is happy. Hidden on small screens.
import { IconBolt, IconLanguage, IconShieldCheck, IconStarFilled } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { PersonAvatar } from 'ui/PersonAvatar'
import css from './Showcase.module.css'

const POINTS = [
  ['minute', IconBolt],
  ['languages', IconLanguage],
  ['yours', IconShieldCheck],
] as const

export function Showcase() {
  const { t } = useTranslation()
  return (
    <aside className={css.root} aria-label={t('showcase.label')}>
      <div className={css.inner}>
        <p className={css.headline}>{t('showcase.headline')}</p>
        <Scene />
        <ul className={css.points}>
          {POINTS.map(([name, Icon]) => (
            <li key={name} className={css.point}>
              <Icon size={18} stroke={1.8} aria-hidden className={css.pointIcon} />
              <span>
                <strong>{t(`showcase.${name}`)}</strong>
                <span>{t(`showcase.${name}_text`)}</span>
              </span>
            </li>
          ))}
        </ul>
      </div>
    </aside>
  )
}

function Scene() {
  const { t } = useTranslation()
  return (
    // Decoration: the headline and the points say the same in words.
    <div className={css.scene} aria-hidden>
      <div className={css.desk}>
        <div className={css.deskHead}>
          <span>{t('showcase.inbox')}</span>
          <i>3</i>
        </div>
        {(['first', 'second', 'third'] as const).map((name) => (
          <div key={name} className={css.row} data-first={name === 'first' || undefined}>
            <PersonAvatar name={t(`showcase.row_${name}_name`)} seed={`scene-${name}`} size={30} />
            <span className={css.rowText}>
              <b>{t(`showcase.row_${name}_name`)}</b>
              <span>{t(`showcase.row_${name}`)}</span>
            </span>
            <em>{t(`showcase.row_${name}_time`)}</em>
          </div>
        ))}
      </div>
      <div className={css.chat}>
        <div className={css.chatHead}>
          <PersonAvatar name={t('showcase.agent')} seed="scene-agent" size={34} />
          <span>
            <b>{t('showcase.shop')}</b>
            <span>
              <i className={css.dot} />
              {t('showcase.here')}
            </span>
          </span>
        </div>
        <div className={css.thread}>
          <p className={css.mine}>{t('showcase.ask')}</p>
          <p className={css.typing}>
            <i />
            <i />
            <i />
          </p>
          <p className={css.theirs}>{t('showcase.answer')}</p>
          <p className={css.mine} data-second>
            {t('showcase.thanks')}
          </p>
          <p className={css.stars}>
            {[1, 2, 3, 4, 5].map((star) => (
              <IconStarFilled key={star} size={18} />
            ))}
          </p>
        </div>
      </div>
    </div>
  )
}
