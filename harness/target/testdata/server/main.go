// Command server is what the tests of the container target run in a container:
// it behaves as its environment tells it to.
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "KPREF_") || strings.HasPrefix(v, "TEST_") {
			fmt.Println(v)
		}
	}
	switch os.Getenv("TEST_MODE") {
	case "exit":
		fmt.Fprintln(os.Stderr, "panic: the configuration makes no sense")
		os.Exit(3)
	case "silent":
		<-stop
		return
	case "late": // it listens once it is told to
		wake := make(chan os.Signal, 1)
		signal.Notify(wake, syscall.SIGUSR1)
		fmt.Println("waiting")
		<-wake
	case "chatty":
		for i := range 4000 {
			fmt.Printf("line %d of a log that is far too long to keep\n", i)
		}
	}
	http.HandleFunc("/up", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "up") })
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	fmt.Println("listening")
	go func() {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(":"+os.Getenv("TEST_PORT"), nil))
		os.Exit(1)
	}()
	<-stop
}
