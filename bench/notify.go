// The least of a notify service in Go, for the ladder only: notify ROOT PORT serves a folder, and sends the body of
// POST /notify to the address in WEBHOOK_URL as a text message of a WeCom robot.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
)

const maxBodyBytes = 65536

func send(response http.ResponseWriter, request *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(response, request.Body, maxBodyBytes))
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	message, _ := json.Marshal(map[string]any{"msgtype": "text", "text": map[string]string{"content": string(text)}})
	answer, err := http.Post(os.Getenv("WEBHOOK_URL"), "application/json", bytes.NewReader(message))
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadGateway)
		return
	}
	answer.Body.Close()
	response.WriteHeader(http.StatusNoContent)
}

func main() {
	http.HandleFunc("/notify", send)
	http.Handle("/", http.FileServer(http.Dir(os.Args[1])))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[2], nil))
}
