package spread

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestHowManyProcessesFit(t *testing.T) {
	g := NewWithT(t)
	g.Expect(fitting(time.Millisecond, 0)).To(Equal(1))
	g.Expect(fitting(10*time.Millisecond, 0)).To(Equal(1))
	g.Expect(fitting(50*time.Millisecond, 0)).To(Equal(8))
	g.Expect(fitting(50*time.Millisecond, 10)).To(Equal(1), "ten per second need no second process")
	g.Expect(fitting(50*time.Millisecond, 100)).To(Equal(6))
}
