// Runs before the first paint, so a dark page never flashes white. It is a file because the page's policy forbids inline scripts.
;(function () {
  var root = document.documentElement
  var remembered = function (key) {
    try {
      return localStorage.getItem(key)
    } catch {
      return null
    }
  }
  var scheme = remembered('frontdesk.color-scheme')
  if (scheme !== 'light' && scheme !== 'dark') {
    scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  }
  root.setAttribute('data-mantine-color-scheme', scheme)
  var language = remembered('frontdesk.locale') || navigator.language || 'en'
  root.lang = /^zh/i.test(language) ? 'zh-CN' : 'en'
})()
