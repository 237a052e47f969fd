# Rscript survival.R   (in this folder; survival, cmprsk, riskRegression, jsonlite)
# Reads survival_problems.csv (small random problems: ties, delayed entry, strata, weights, competing events, few patients,
# constant columns, separation) and writes survival.json: what R finds for each.
suppressPackageStartupMessages({library(survival); library(jsonlite); library(cmprsk); library(riskRegression)})
all <- read.csv("survival_problems.csv"); out <- list()
or_null <- function(x) tryCatch(suppressWarnings(x), error = function(e) NULL)
control <- coxph.control(eps = 1e-12, iter.max = 60, toler.chol = 1e-13)
fit_of <- function(f) list(coef = unname(coef(f)), se = unname(sqrt(diag(f$var))), loglik = f$loglik, score = f$score)

# cluster sandwich with the correction of Fay and Graubard (2001), written out event time by event time
fay_graubard <- function(f, d, X, y) {
  V <- f$var; U <- as.matrix(residuals(f, type = "score")); p <- ncol(X); r <- exp(as.vector(X %*% coef(f)))
  start <- if (d$late[1] == 1) d$entry else rep(-1, nrow(d)); O <- array(0, c(nrow(d), p, p))
  for (s in unique(d$stratum)) for (t in sort(unique(d$time[d$event == 1 & d$stratum == s]))) {
    k <- which(d$stratum == s & start < t & d$time >= t); w <- r[k]; m <- colSums(X[k, , drop = FALSE] * w) / sum(w)
    h <- sum(d$event == 1 & d$stratum == s & d$time == t) / sum(w)
    for (i in k) O[i, , ] <- O[i, , ] + r[i] * h * ((X[i, ] - m) %o% (X[i, ] - m)) }
  M <- matrix(0, p, p)
  for (g in unique(d$cluster)) { i <- which(d$cluster == g)
    H <- diag(matrix(apply(O[i, , , drop = FALSE], c(2, 3), sum), p) %*% V)
    u <- colSums(U[i, , drop = FALSE]) / sqrt(1 - pmin(.75, H)); M <- M + u %o% u }
  V %*% M %*% V }

for (i in unique(all$problem)) {
  d <- all[all$problem == i, ]; p <- d$columns[1]; delayed <- d$late[1] == 1; r <- list()
  y <- if (delayed) Surv(d$entry, d$time, d$event) else Surv(d$time, d$event)
  X <- as.matrix(d[, c("x1", "x2", "x3")[1:p], drop = FALSE]); d$rid <- seq_len(nrow(d))
  for (m in c("efron", "breslow"))
    r[[m]] <- or_null(fit_of(coxph(y ~ X + strata(stratum), d, ties = m, weights = weight, control = control)))
  r$cluster <- or_null(fit_of(coxph(y ~ X + strata(stratum), d, weights = weight, cluster = cluster, control = control)))
  if (all(d$weight == 1)) {
    f <- or_null(coxph(y ~ X + strata(stratum), d, control = control))
    if (!is.null(f)) {
      for (g in c("km", "identity")) r$zph[[g]] <- or_null(unname(cox.zph(f, terms = FALSE, transform = g)$table[, 1]))
      if (d$tied[1] == 0) r$fay_graubard <- or_null(fay_graubard(f, d, X, y)) } }
  for (ct in c("log-log", "log", "plain")) {
    f <- survfit(y ~ 1, d, weights = weight, conf.type = ct); q <- summary(f)$table; n <- length(q)
    r$km[[ct]] <- list(time = f$time, survival = f$surv, se = f$std.err * (if (isTRUE(f$logse)) f$surv else 1),
                       lower = f$lower, upper = f$upper, n_risk = f$n.risk, median = unname(q[c("median", names(q)[n - 1], names(q)[n])])) }
  # survdiff takes no delayed entry: the score test of the exact partial likelihood is the log-rank test
  r$logrank <- or_null(if (delayed) coxph(y ~ group + strata(stratum), d, ties = "exact")$score else survdiff(y ~ group + strata(stratum), d)$chisq)
  if (!delayed) r$peto <- or_null(survdiff(y ~ group + strata(stratum), d, rho = 1)$chisq)
  state <- factor(d$cause, 0:2, c("censored", "a", "b"))
  f <- survfit((if (delayed) Surv(d$entry, d$time, state) else Surv(d$time, state)) ~ 1, d, weights = weight, id = rid)
  r$aj <- list(time = f$time, p = f$pstate[, 2:3], se = f$std.err[, 2:3])
  if (!delayed) {
    r$fine_gray <- or_null({ f <- crr(d$time, d$cause, X, gtol = 1e-12, maxiter = 100); if (f$converged) list(coef = unname(f$coef), se = unname(sqrt(diag(f$var)))) })
    m <- round(pnorm(as.numeric(scale(X %*% rep(1, p) + .01 * d$time))), 6); h <- as.numeric(quantile(d$time, .5))
    r$at_horizon <- or_null({ s <- Score(list(m), Surv(time, event) ~ 1, data = d, times = h, cens.model = "km", metrics = c("auc", "brier"), se.fit = FALSE, null.model = FALSE)
      list(horizon = h, marker = m, auc = s$AUC$score$AUC, brier = s$Brier$score$Brier) }) }
  out[[as.character(i)]] <- r }
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(12), na = "null", null = "null", force = TRUE), "survival.json")
