// The nudge goes the right way, for several kinds of passwords.
import { describe, expect, it } from 'vitest'
import { strength } from './strength'

describe('strength', () => {
  it('knows nothing, and too little', () => {
    expect(strength('')).toEqual({ score: 0, advice: 'empty' })
    expect(strength('aB3$xyz')).toEqual({ score: 1, advice: 'short' })
  })

  it('is not impressed by what everybody uses', () => {
    expect(strength('password').score).toBe(1)
    expect(strength('qwertyuiop').score).toBe(1)
    expect(strength('aaaaaaaaaaaa')).toEqual({ score: 1, advice: 'repeats' })
    expect(strength('1234567890').score).toBe(1)
    expect(strength('mei.chen2027', 'mei.chen@example.com')).toEqual({ score: 1, advice: 'common' })
  })

  it('rises with length more than with signs', () => {
    expect(strength('tgrmkwev').score).toBe(2)
    expect(strength('T7r!kwev').score).toBeGreaterThanOrEqual(3)
    expect(strength('correct horse battery staple').score).toBe(4)
    expect(strength('蓝色茶壶放在窗台上').score).toBeGreaterThanOrEqual(3)
  })
})
