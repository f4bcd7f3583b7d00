@rem `npm start` is `exec node …`, so that no shell stands between the signals of npm and mote. This is exec for Windows.
@%*
