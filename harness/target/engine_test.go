package target

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/testcontainers/testcontainers-go"
)

func TestNoEngine(t *testing.T) {
	t.Parallel()
	start := func(ctx context.Context, connect func(...testcontainers.DockerProviderOption) (*testcontainers.DockerProvider, error)) error {
		tg, err := New(Config{Target: Container}, "")
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		tg.(*container).connect = connect
		_, err = tg.Start(ctx)
		NewWithT(t).Expect(tg.Stop(ctx)).To(Succeed())
		return err
	}

	t.Run("none there", func(t *testing.T) {
		t.Parallel()
		err := start(t.Context(), func(...testcontainers.DockerProviderOption) (*testcontainers.DockerProvider, error) {
			return nil, errors.New("check host \"unix:///nobody.sock\":\nconnection refused")
		})
		NewWithT(t).Expect(err).To(MatchError(
			`no container engine answers (check host "unix:///nobody.sock":; connection refused); start Docker, or set DOCKER_HOST`))
	})

	t.Run("one that is silent", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		err := start(ctx, func(...testcontainers.DockerProviderOption) (*testcontainers.DockerProvider, error) {
			cancel()
			<-t.Context().Done() // the end of the test; long after Start must have returned
			return nil, t.Context().Err()
		})
		NewWithT(t).Expect(err).To(MatchError(
			"no container engine answers (context canceled); start Docker, or set DOCKER_HOST"))
	})
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var short tail
	_, _ = short.Write([]byte("one\ntwo\n"))
	g.Expect(short.String()).To(Equal("one\ntwo\n"))

	var long tail
	for range 3 * logBytes / 8 {
		n, err := long.Write([]byte("seven..\n"))
		g.Expect(n, err).To(Equal(8))
	}
	g.Expect(long.String()).To(HavePrefix("[earlier lines left out]\nseven..\n"))
	g.Expect(len(long.String())).To(BeNumerically("<=", logBytes+len("[earlier lines left out]\n")))

	var line tail
	_, _ = line.Write(make([]byte, logBytes+1))
	g.Expect(line.String()).To(HaveLen(logBytes + len("[earlier lines left out]\n")))
}
