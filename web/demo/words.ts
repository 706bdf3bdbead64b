// The shop's words in both languages, and its goods.

export type Language = 'en' | 'zh-CN'

const en = {
  brand: 'Blue Teapot',
  navTeas: 'Teas',
  navCups: 'Cups',
  navVisit: 'Visit us',
  language: '中文',
  title: 'Blue Teapot: tea and the cups for it',
  eyebrow: 'Small harvests, fired by hand',
  headline: 'A quieter cup, every afternoon.',
  lead: 'We buy from eleven growers we know by name, and throw the cups ourselves. Not sure what suits you? Ask us: we drink all of it.',
  ask: 'Ask a tea person',
  browse: 'See this season',
  sceneLabel: 'A green glazed cup of tea before hills at sunset',
  teasTitle: 'This season’s teas',
  cupsTitle: 'From our kiln',
  question: 'Ask about it',
  visitTitle: 'Come and taste',
  visitText: 'Tuesday to Sunday, ten to six, at the old pump house by the canal. Six seats, no hurry.',
  reserve: 'Reserve a seat',
  footer: 'A demonstration page. Nothing here is for sale, the chat is real.',
  noKey: 'To see the chat on this page, open it with your inbox’s key: /demo?key=ik_…',
  about: 'Hello! I have a question about “{name}”.',
  table: 'Hello! I would like to reserve a seat for',
}

const zh: typeof en = {
  brand: '青壶茶铺',
  navTeas: '茶',
  navCups: '杯',
  navVisit: '到店',
  language: 'English',
  title: '青壶茶铺：好茶与盛它的杯',
  eyebrow: '小批采摘，手工烧制',
  headline: '每个午后，一杯安静。',
  lead: '我们只向十一位相识的茶农买茶，杯子也是自己拉坯烧的。不知道哪款适合您？问问我们，每一款我们都在喝。',
  ask: '问问懂茶的人',
  browse: '看看本季新茶',
  sceneLabel: '夕阳山前的一杯青釉茶',
  teasTitle: '本季新茶',
  cupsTitle: '出自我们的窑',
  question: '咨询这一款',
  visitTitle: '欢迎来喝一杯',
  visitText: '周二至周日，十点到六点，运河边的老泵房。六个座位，不赶时间。',
  reserve: '预约座位',
  footer: '这是演示页面，商品并不出售，但聊天是真的。',
  noKey: '要在此页看到聊天，请带上您的渠道密钥打开：/demo?key=ik_…',
  about: '您好！我想了解一下“{name}”。',
  table: '您好！我想预约座位，时间是',
}

export type Word = keyof typeof en
export const words: Record<Language, Record<Word, string>> = { en, 'zh-CN': zh }

export interface Good {
  art: 'leaf' | 'ball' | 'flower' | 'cup' | 'bowl' | 'pot'
  tint: string
  price: Record<Language, string>
  name: Record<Language, string>
  text: Record<Language, string>
}

const price = (yuan: number) => ({ en: `¥${yuan}`, 'zh-CN': `¥${yuan}` })

export const goods: Record<'teas' | 'cups', Good[]> = {
  teas: [
    {
      art: 'leaf',
      tint: '#6f9a52',
      price: price(128),
      name: { en: 'First Rain Green', 'zh-CN': '雨前绿' },
      text: {
        en: 'Picked before the spring rain. Chestnut, sweet pea, a clean end.',
        'zh-CN': '雨前采摘，栗香、豆甜，收口干净。',
      },
    },
    {
      art: 'ball',
      tint: '#a5713a',
      price: price(168),
      name: { en: 'Slow Fire Oolong', 'zh-CN': '慢火乌龙' },
      text: {
        en: 'Roasted over charcoal for two nights. Honey, walnut, warm stone.',
        'zh-CN': '炭火慢焙两夜，蜜香、核桃、暖石气息。',
      },
    },
    {
      art: 'flower',
      tint: '#c9905f',
      price: price(96),
      name: { en: 'Osmanthus Black', 'zh-CN': '桂花红茶' },
      text: {
        en: 'Black leaves layered with fresh osmanthus. Apricot in a glass.',
        'zh-CN': '红茶与鲜桂层层窨制，杯中有杏香。',
      },
    },
  ],
  cups: [
    {
      art: 'cup',
      tint: '#3f7263',
      price: price(220),
      name: { en: 'Canal Cup', 'zh-CN': '运河杯' },
      text: { en: 'Celadon, 180 ml. The handle fits two fingers.', 'zh-CN': '青釉，180 毫升，杯把正好容两指。' },
    },
    {
      art: 'bowl',
      tint: '#b0643f',
      price: price(180),
      name: { en: 'Ember Bowl', 'zh-CN': '余烬碗' },
      text: { en: 'Iron glaze, 240 ml. No two rims alike.', 'zh-CN': '铁釉，240 毫升，碗沿各不相同。' },
    },
    {
      art: 'pot',
      tint: '#56627a',
      price: price(460),
      name: { en: 'Pump House Pot', 'zh-CN': '泵房壶' },
      text: { en: 'Slate glaze, 400 ml. Pours without a drip.', 'zh-CN': '石板釉，400 毫升，出水利落不滴。' },
    },
  ],
}
