@rem `npm start` is `exec node ...`, so that no shell stands between the signals of npm and mote. This file is exec on Windows, in the folder where cmd.exe looks first: that of package.json.
@%*
