package weather

import (
	"net"
	"net/http"
	"time"
)

// lost takes an answer that nobody will get.
type lost struct{ header http.Header }

func (l lost) Header() http.Header         { return l.header }
func (l lost) WriteHeader(int)             {}
func (l lost) Write(p []byte) (int, error) { return len(p), nil }

// reset ends a request's connection with a TCP reset, without an answer.
func reset(rw http.ResponseWriter) {
	connection, _, err := http.NewResponseController(rw).Hijack()
	if err != nil { // it is none of HTTP/1.1: net/http ends it
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // makes of a close a reset
	}
	_ = connection.Close()
}

// pieces is how many parts a slow body comes in.
const pieces = 10

// slowly sends a body in pieces, with a wait before each but the first.
type slowly struct {
	http.ResponseWriter
	wait func(time.Duration)
	span time.Duration // from the first piece to the last
}

func (s *slowly) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *slowly) Write(body []byte) (written int, err error) {
	control := http.NewResponseController(s.ResponseWriter)
	for i := range pieces {
		if i > 0 {
			s.wait(s.span / (pieces - 1))
		}
		n, err := s.ResponseWriter.Write(body[i*len(body)/pieces : (i+1)*len(body)/pieces])
		written += n
		if err != nil {
			return written, err
		}
		if err := control.Flush(); err != nil {
			return written, err
		}
	}
	return written, nil
}
