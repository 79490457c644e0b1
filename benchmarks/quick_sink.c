/* A mail server that does as little as one can: benchmarks/send.py measures senders against it.
 *
 *     quick_sink PORT
 *
 * One thread, one epoll. It answers each command of the envelope, and of a message it only looks for the final dot.
 * It keeps nothing. It ends at SIGTERM, and then says how many messages it had.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_FILES 4096
#define DOT "\r\n.\r\n"
#define DOT_LENGTH 5

/* What a connection has sent and we have not dealt with: part of a command, or the last octets of a message. */
static struct client {
    int in_message;
    size_t kept;
    char buffer[1 << 18];
} *clients[MOST_FILES];

static unsigned long messages;

static void end(int number) {
    (void)number;
    printf("%lu\n", messages);
    fflush(stdout);
    _exit(0);
}

static const char *answer(const char *line, int *in_message) {
    if (!strncasecmp(line, "EHLO", 4)) return "250-quick\r\n250-PIPELINING\r\n250-SIZE 0\r\n250 8BITMIME\r\n";
    if (!strncasecmp(line, "QUIT", 4)) return "221 bye\r\n";
    if (!strncasecmp(line, "DATA", 4)) {
        *in_message = 1;
        return "354 go on\r\n";
    }
    return "250 ok\r\n";
}

/* Deal with what has come; return how many octets of replies it makes. */
static size_t deal(struct client *client, char *replies) {
    char *at = client->buffer, *end = client->buffer + client->kept, *found;
    size_t length = 0;
    while (at < end) {
        const char *words;
        if (client->in_message) {
            if (!(found = memmem(at, end - at, DOT, DOT_LENGTH))) {
                if (end - at >= DOT_LENGTH) at = end - (DOT_LENGTH - 1);
                break;
            }
            at = found + DOT_LENGTH;
            client->in_message = 0;
            messages++;
            words = "250 taken\r\n";
        } else {
            if (!(found = memchr(at, '\n', end - at))) break;
            words = answer(at, &client->in_message);
            at = found + 1;
        }
        length = stpcpy(replies + length, words) - replies;
    }
    client->kept = end - at;
    memmove(client->buffer, at, client->kept);
    return length;
}

static void serve(int file) {
    static char replies[1 << 20];
    struct client *client = clients[file];
    ssize_t got = recv(file, client->buffer + client->kept, sizeof client->buffer - client->kept, 0);
    if (got > 0) {
        client->kept += got;
        size_t length = deal(client, replies);
        if (!length || send(file, replies, length, MSG_NOSIGNAL) == (ssize_t)length) return;
    }
    free(client);
    clients[file] = NULL;
    close(file);
}

static void greet(int listener, int epoll) {
    int file = accept(listener, NULL, NULL), on = 1;
    if (file < 0) return;
    if (file >= MOST_FILES || !(clients[file] = calloc(1, sizeof(struct client)))) {
        close(file);
        return;
    }
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = file};
    epoll_ctl(epoll, EPOLL_CTL_ADD, file, &wanted);
    send(file, "220 quick ESMTP\r\n", 17, MSG_NOSIGNAL);
}

int main(int count, char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(words[1]) : 0)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1000)) {
        perror("quick_sink");
        return 1;
    }
    signal(SIGTERM, end);
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listener}, ready[64];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &wanted);
    for (;;) {
        int number = epoll_wait(epoll, ready, 64, -1);
        for (int each = 0; each < number; each++) {
            if (ready[each].data.fd == listener) greet(listener, epoll);
            else serve(ready[each].data.fd);
        }
    }
}
