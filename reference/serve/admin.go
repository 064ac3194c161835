package serve

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"

	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/weather"
)

// forecast is the weather as a flag, which may stand several times.
type forecast struct{ weather.Forecast }

// Set adds to the weather.
func (f *forecast) Set(list string) error { return f.Add(list) }

// Type is how the help calls the value.
func (*forecast) Type() string { return "KIND=VALUE" }

// longestForecast is the greatest size of a request for other weather, in bytes.
const longestForecast = 16 << 10

// admin answers what is asked at the address of --admin: GET and PUT /weather, GET /memory and GET /healthz.
func admin(sky *weather.Weather) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+reference.HealthPath, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /weather", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, sky.Forecast())
	})
	mux.HandleFunc("PUT /weather", func(w http.ResponseWriter, r *http.Request) {
		f, err := weather.Read(http.MaxBytesReader(w, r.Body, longestForecast), sky.Forecast())
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		sky.Set(f)
		writeJSON(w, http.StatusOK, f)
	})
	mux.HandleFunc("GET /memory", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, measure())
	})
	return mux
}

// memory is what the process holds on to.
type memory struct {
	HeapBytes  uint64 `json:"heapBytes"` // after a garbage collection
	Goroutines int    `json:"goroutines"`
}

func measure() memory {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return memory{HeapBytes: stats.HeapAlloc, Goroutines: runtime.NumGoroutine()}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a caller that is gone needs no answer
}
