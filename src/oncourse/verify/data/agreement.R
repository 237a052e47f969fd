# R 4.2.2, package psych for kappa. Run: Rscript tests/reference/agreement.R > tests/reference/agreement.json
suppressWarnings(suppressMessages(library(psych)))
tables <- list(c(22, 2, 4, 11), c(118, 5, 2, 0), c(40, 9, 6, 45), c(1, 9, 1, 20), c(12, 3, 3, 2))
fmt <- function(x) paste0("[", paste(sprintf("%.10f", x), collapse = ", "), "]")
ac1 <- function(t) {  # Gwet 2008, unit by unit
  a <- rep(c(1, 1, 0, 0), t); b <- rep(c(1, 0, 1, 0), t); n <- length(a)
  pi1 <- mean((a + b) / 2); pe <- 2 * pi1 * (1 - pi1); pa <- mean(a == b); k <- (pa - pe) / (1 - pe)
  pei <- ifelse(a == 1, 1 - pi1, pi1) / 2 + ifelse(b == 1, 1 - pi1, pi1) / 2
  ki <- ((a == b) - pe) / (1 - pe) - 2 * (1 - k) * (pei - pe) / (1 - pe)
  se <- sqrt(sum((ki - k)^2) / (n * (n - 1)))
  c(k, k - qnorm(.975) * se, min(k + qnorm(.975) * se, 1))
}
tango <- function(b, c, n) {  # score interval with the constrained maximum found numerically
  z2 <- function(d) {
    ll <- function(q) { p <- q + d; r <- n - b - c
      if (p < 0 || q < 0 || 1 - p - q < 0) return(-1e9)
      (if (b > 0) b * log(max(p, 1e-300)) else 0) + (if (c > 0) c * log(max(q, 1e-300)) else 0) +
        (if (r > 0) r * log(max(1 - p - q, 1e-300)) else 0) }
    q <- optimize(ll, c(max(0, -d), (1 - d) / 2), maximum = TRUE, tol = 1e-12)$maximum
    (b - c - n * d) / sqrt(n * (2 * q + d - d^2))
  }
  est <- (b - c) / n
  c(est, uniroot(function(d) z2(d) - qnorm(.975), c(-.99, est), tol = 1e-10)$root,
    uniroot(function(d) z2(d) + qnorm(.975), c(est, .99), tol = 1e-10)$root, pnorm(z2(0.1)))
}
rows <- sapply(tables, function(t) {
  m <- matrix(t, 2, byrow = TRUE)
  k <- cohen.kappa(m)$confid[1, ]
  n <- sum(t)
  cp <- binom.test(t[1], t[1] + t[2])$conf.int
  w <- prop.test(t[1], t[1] + t[2], correct = FALSE)$conf.int
  mc <- if (t[2] + t[3] > 0) binom.test(t[2], t[2] + t[3])$p.value else 1
  sprintf('{"table": %s, "kappa": %s, "ac1": %s, "ppa_exact": %s, "ppa_wilson": %s, "mcnemar": %.10f, "tango": %s}',
    fmt(t), fmt(k[c(2, 1, 3)]), fmt(ac1(t)), fmt(cp), fmt(w), mc, fmt(tango(t[2], t[3], n)))
})
cat("[", paste(rows, collapse = ",\n"), "]\n")
