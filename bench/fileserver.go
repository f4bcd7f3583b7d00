// Go's FileServer as its documentation shows it, for the bench only: fileserver ROOT PORT
package main

import (
	"log"
	"net/http"
	"os"
)

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[2], http.FileServer(http.Dir(os.Args[1]))))
}
