/** What mote-tiny does not have. Nothing that it runs gets here: the build replaces the modules that would. */
export const STATUS_CODES = {};
