// Where a session is, in words people read.
import { expect, test } from 'vitest'
import { placeWords } from './place'

test('a place is named in the language of the reader, and a made-up one not at all', () => {
  expect(placeWords('Europe/Berlin', 'en')).toContain('Berlin')
  expect(placeWords('Asia/Shanghai', 'zh-CN')).toContain('中国')
  expect(placeWords('America/New_York', 'en')).toContain('New York')
  for (const odd of [null, '', 'Middle/Earth', '<script>']) expect(placeWords(odd, 'en')).toBeNull()
})
