/** The rates of zoneout by state, whichever way they are given. */
import type { RecurrentOptions, ZoneoutRates } from '../recurrent/recurrent.ts'

/** The rates of each state, as numbers. */
export function zoneoutRates(zoneout: RecurrentOptions['zoneout'] = 0): ZoneoutRates {
  return typeof zoneout === 'number' ? { hidden: zoneout, cell: zoneout } : zoneout
}

/** Whether inference differs from a layer without zoneout. */
export function hasZoneout(options: { readonly zoneout?: RecurrentOptions['zoneout'] }): boolean {
  const { hidden = 0, cell = 0 } = zoneoutRates(options.zoneout)
  return hidden > 0 || cell > 0
}
