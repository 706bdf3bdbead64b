// Starts the panel in its frame: in earnest for an inbox's key, or as a sample inside the portal.

import { render } from 'preact'
import { App } from './App'
import { createDesk } from './desk'
import { createPreview } from './preview'
import './panel.css'

const query = new URLSearchParams(location.search)
const desk = query.get('preview') === '1' ? createPreview() : createDesk(query.get('key') ?? '')
render(<App store={desk.store} actions={desk.actions} />, document.getElementById('app')!)
desk.start()
