// Command mortal is a reference that dies in the middle of a run: it answers as many requests as its argument says.
package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
)

func main() {
	left, err := strconv.ParseInt(os.Args[1], 10, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	api, err := reference.New(world.Default(), reference.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	var served atomic.Int64
	fmt.Fprintln(os.Stderr, http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1) > left {
			fmt.Fprintln(os.Stderr, "panic: the end of a container")
			os.Exit(7)
		}
		api.ServeHTTP(w, r)
	})))
}
