// The same job in Chinese and in the dark: a message left while nobody is there, answered later.

import { BASE, check, loaded, now, openChat, person, shot, site, story } from './stage.mjs'

const device = { locale: 'zh-CN', timezoneId: 'Asia/Shanghai', colorScheme: 'dark' }

/** Nothing of a page may be left in the other language. */
async function isChinese(page, what) {
  const text = await page.locator('body').innerText()
  // Names of companies, keys and addresses stay as they are; two English words in a row are a sentence.
  const foreign = text.match(/\b[a-z]{2,} [a-z]{2,}\b/)
  check(!foreign, `${what} speaks English: “${foreign?.[0]}” in ${text}`)
}

/** Dark means dark: the page behind everything reflects little light. */
async function isDark(page, what) {
  const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const [red, green, blue] = colour.match(/\d+/g).map(Number)
  check((red + green + blue) / 3 < 80, `${what} is not dark: ${colour}`)
}

await story(async (browser) => {
  const owner = await person(browser, 'owner', device)
  const visitor = await person(browser, 'visitor', { ...device, viewport: { width: 1180, height: 800 } })

  now('signing up')
  const portal = await owner.newPage()
  await portal.goto(`${BASE}/signup`)
  await portal.getByLabel('公司名称', { exact: true }).fill('青瓷茶铺')
  await portal.getByLabel('您的姓名').fill('陈美')
  await portal.getByLabel('工作邮箱').fill(`chenmei-${Date.now()}@mail.test`)
  await portal.getByLabel('密码', { exact: true }).fill('celadon cups at nine')
  await isDark(portal, 'signup')
  await shot(portal, '01-signup')
  await portal.getByRole('button', { name: '立即开通' }).click()
  await portal.getByRole('heading', { name: '欢迎，陈美' }).waitFor()
  const tag = (await portal.getByLabel('网站代码').innerText()).trim()
  await isDark(portal, 'the portal')
  await shot(portal, '02-first-steps')

  now('a message while nobody is there')
  const shop = await site(
    () => `<!doctype html><html lang="zh-CN"><head><title>青瓷茶铺 · 手工茶杯</title>
      <style>:root{color-scheme:light dark}</style></head>
      <body style="font:18px/1.8 serif;max-width:40rem;margin:3rem auto"><h1>青瓷茶铺</h1><p>一九八七年以来，只做茶杯。</p>${tag}</body></html>`,
  )
  const page = await visitor.newPage()
  await page.goto(shop)
  const chat = await openChat(page, '打开聊天')
  await chat.getByText('客服暂时不在线').first().waitFor()
  await isChinese(chat, 'the chat')
  await shot(page, '03-chat-away')
  await chat.getByRole('textbox', { name: '您的消息' }).fill('请问杯子还有货吗？')
  await chat.getByRole('button', { name: '发送' }).click()
  await chat.getByLabel('邮箱').fill('lin@mail.test')
  await chat.getByLabel('称呼（选填）').fill('林小雨')
  await shot(page, '04-chat-contact')
  await chat.getByRole('button', { name: '保存' }).click()
  await chat.getByText('谢谢，已记录 lin@mail.test。').waitFor()

  now('an answer')
  const desk = await owner.newPage()
  await desk.goto(`${BASE}/console`)
  const row = desk.getByRole('list', { name: '我的会话' }).getByRole('link').filter({ hasText: '林小雨' })
  await row.waitFor()
  await chat.getByText('陈美 正在为您服务').waitFor()
  await row.click()
  const thread = desk.getByRole('log', { name: '消息' })
  await thread.getByText('请问杯子还有货吗？').waitFor()
  await desk.keyboard.press('Escape')
  await desk.keyboard.press('r')
  await desk.keyboard.type('有的，今天早上刚到。要为您留一个吗？')
  await desk.keyboard.press('Enter')
  await chat.getByText('有的，今天早上刚到。要为您留一个吗？', { exact: true }).waitFor()
  await desk.keyboard.press('Escape')
  await desk.keyboard.press('n')
  await desk.keyboard.type('老顾客，给九折。')
  await desk.keyboard.press('Enter')
  await thread.getByText('老顾客，给九折。').waitFor()
  await chat.getByRole('textbox', { name: '您的消息' }).fill('好的，留两个，谢谢！')
  await page.keyboard.press('Enter')
  await thread.getByText('好的，留两个，谢谢！').waitFor()
  await isDark(desk, 'the console')
  await isChinese(desk, 'the console')
  await shot(desk, '05-console')
  await shot(page, '06-chat')

  now('a rating')
  await desk.keyboard.press('Escape')
  await desk.keyboard.press('e')
  await chat.getByRole('group', { name: '您对本次服务满意吗？' }).waitFor()
  await chat.getByTitle('满意', { exact: true }).click()
  await chat.getByLabel('还有什么想告诉我们的吗？').fill('又快又周到')
  await chat.getByRole('button', { name: '提交评价' }).click()
  await chat.getByText('感谢您的评价！').waitFor()
  await isChinese(chat, 'the chat')
  await shot(page, '07-chat-thanks')
  await thread.getByRole('img', { name: '4星（满分 5 星）' }).waitFor()
  await shot(desk, '08-console-rated')

  now('the portal, page by page')
  for (const [index, name] of ['评价', '用量', '渠道', '团队', '应急预案', 'API 密钥', '审计日志', '账户'].entries()) {
    await portal.getByRole('link', { name, exact: true }).click()
    await portal.getByRole('heading', { level: 1, name }).waitFor()
    await loaded(portal)
    await isDark(portal, name)
    await isChinese(portal, name)
    await shot(portal, `${String(index + 9).padStart(2, '0')}-portal-${index}`)
  }
})
